// A HAL browser: asks, shows links to follow, embedded resources and the rest of the answer.
const byId = (id) => document.getElementById(id);
const [method, address, body, bodyField] = ["method", "address", "body", "body-field"].map(byId);

byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  go();
});
method.addEventListener("change", () => {
  bodyField.hidden = method.value === "GET" || method.value === "DELETE";
});
window.addEventListener("popstate", () => follow(location.hash.slice(1) || "/v1", false));

function follow(href, isNew = true) {
  method.value = "GET";
  method.dispatchEvent(new Event("change"));
  address.value = href;
  go(isNew);
}

async function go(isNew = true) {
  const href = address.value;
  if (!href.startsWith("/")) {
    byId("outcome").textContent = "An address begins with a slash: the token must not leave this server.";
    return;
  }
  if (isNew && method.value === "GET") history.pushState(null, "", `#${href}`);
  const headers = { Accept: "application/hal+json, application/json" };
  if (byId("token").value) headers.Authorization = `Bearer ${byId("token").value}`;
  const hasBody = !bodyField.hidden && body.value.trim() !== "";
  if (hasBody) headers["Content-Type"] = "application/json";
  byId("outcome").textContent = `${method.value} ${href} …`;
  try {
    const answer = await fetch(href, { method: method.value, headers, body: hasBody ? body.value : undefined });
    const text = await answer.text();
    byId("outcome").textContent = `${method.value} ${href} → ${answer.status} ${answer.statusText}`;
    show(text);
  } catch (error) {
    byId("outcome").textContent = `${method.value} ${href}: ${error.message}`;
  }
}

function show(text) {
  let state = {};
  try {
    state = text ? JSON.parse(text) : {};
  } catch {
    state = text;
  }
  const { _links: links = {}, _embedded: embedded = {}, ...rest } = typeof state === "string" ? {} : state;
  byId("answer").hidden = false;
  byId("links").replaceChildren(...Object.entries(links).map(([name, link]) => linkItem(name, link)));
  byId("embedded").replaceChildren(...Object.entries(embedded).flatMap(embeddedResources));
  byId("state").textContent = typeof state === "string" ? state : JSON.stringify(rest, null, 2);
}

function linkItem(name, link) {
  const item = element("li", { className: "link" });
  item.append(element("span", { textContent: name, className: "relation" }), " ");
  if (!link.templated) {
    item.append(anchor(link.href));
    return item;
  }
  const field = element("input", { value: link.href, spellcheck: false });
  field.setAttribute("aria-label", `Address of ${name}, a template to fill in`);
  const button = element("button", { textContent: "Follow", type: "button" });
  button.addEventListener("click", () => follow(field.value.replace(/\{[^}]*\}/g, "")));
  item.append(field, button);
  return item;
}

function embeddedResources([name, resources]) {
  return [resources].flat().map((resource, place) => {
    const { _links: links = {}, ...rest } = resource;
    const box = element("details");
    box.append(element("summary", { textContent: `${name} ${place + 1}` }));
    const list = element("ul", { className: "links" });
    list.append(...Object.entries(links).map(([relation, link]) => linkItem(relation, link)));
    box.append(list, element("pre", { textContent: JSON.stringify(rest, null, 2) }));
    return box;
  });
}

function anchor(href) {
  const link = element("a", { textContent: href, href: `#${href}` });
  link.addEventListener("click", (event) => {
    event.preventDefault();
    follow(href);
  });
  return link;
}

function element(name, properties = {}) {
  return Object.assign(document.createElement(name), properties);
}
