// Starts swagger-ui over the document that the page names. The token stays in memory.
const place = document.getElementById("browser");
window.SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: -1,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
});
document.getElementById("plain").hidden = true;
