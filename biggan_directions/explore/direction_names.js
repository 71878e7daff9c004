// Names of directions: each is edited in its row, and kept in the file.
// page.js has the state, and the functions that ask the server.

const nameFields = []; // for each direction, a function that shows its name
const otherTabs = new BroadcastChannel("names of directions");

function nameField(direction, call) {
  const { index } = direction;
  const field = element("input", {
    type: "text", className: "name", value: direction.name, dir: "auto", autocomplete: "off", spellcheck: false,
    enterKeyHint: "done", title: direction.name,
  });
  field.setAttribute("aria-label", `Name of direction ${index}`);
  field.placeholder = session.unnameable || `Name direction ${index}`;
  field.readOnly = session.unnameable !== "";
  if (field.readOnly) field.title = field.title || session.unnameable;
  const wrong = element("p", { className: "wrong", id: `wrong-${index}`, hidden: true });
  wrong.setAttribute("role", "alert");

  function show(name) {
    const typed = field.value.trim();
    if (typed === direction.name || typed === name) field.value = field.title = name;
    direction.name = name;
    call(name);
  }
  function refuse(reason) {
    wrong.textContent = reason;
    wrong.hidden = reason === "";
    if (reason) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
    field.setAttribute("aria-describedby", reason ? wrong.id : "");
  }
  field.addEventListener("input", () => refuse(""));
  field.addEventListener("keydown", event => {
    if (event.isComposing) return;
    if (event.key === "Enter") field.blur();
    if (event.key !== "Escape") return;
    field.value = direction.name;
    refuse("");
    field.blur();
  });
  field.addEventListener("change", async () => {
    const name = field.value.trim();
    if (name === direction.name) return show(name);
    try {
      showNames((await ask("api/name", { direction: index, name })).names);
      otherTabs.postMessage("changed");
      say(name ? `Direction ${index} is now named ${name}.` : `Direction ${index} has no name now.`);
    } catch (error) {
      refuse(error.message);
    }
  });
  nameFields.push(show);
  call(direction.name);
  return { field, wrong };
}

function showNames(names) {
  names.forEach((name, index) => nameFields[index]?.(name));
}

// Names may have been given in another tab or another browser.
function followNames() {
  const read = () => ask("api/session").then(
    ({ directions }) => showNames(directions.map(direction => direction.name)),
    () => {}, // a server that has stopped is reported where something is drawn
  );
  otherTabs.addEventListener("message", read);
  addEventListener("focus", read);
}

