// Starts swagger-ui over the document that the page names. The token stays in memory and off the screen.
const place = document.getElementById("browser");
const withoutCurl = () => ({ wrapComponents: { curl: () => () => null } });
if (matchMedia("(prefers-color-scheme: dark)").matches) document.documentElement.classList.add("dark-mode");
window.SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  persistAuthorization: false,
  plugins: [withoutCurl],
  tryItOutEnabled: true,
  validatorUrl: null,
});
document.getElementById("plain").hidden = true;
