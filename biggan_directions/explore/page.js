"use strict";
// Text from the server is always inserted as text, never as markup.

const at = id => document.getElementById(id);
const token = new URLSearchParams(location.search).get("token") ?? "";
const client = Array.from(crypto.getRandomValues(new Uint32Array(3)), n => n.toString(36)).join("");
const SLOW = 0.12; // seconds: if all samples take longer, only the chosen one follows a moving slider
const REST = 180; // milliseconds after the last move

let session, state, good; // description by the server; requested state; last state that was drawn
let drawn = null; // the request that the command makes
let sent = 0, shown = 0, saves = 0, cost = 0; // numbers of the last requests; seconds per image
let before = false, chosen = 0, frame = 0, resting = 0, waiting = 0;
let notStored = null; // the requested truncation, if another one is used
const sliders = [];
const typing = new Set(); // fields that are being edited: no answer may overwrite them

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

async function ask(path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method: body ? "POST" : "GET",
      headers: { Authorization: `Bearer ${token}`, ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
      cache: "no-store",
    });
  } catch {
    throw new Error("The server does not answer: it may have been stopped. Start biggan-directions explore again.");
  }
  if (answer.status === 204) return null;
  if (answer.ok && answer.headers.get("Content-Type") === "image/png") return answer.blob();
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(content.error ?? `The server answered ${answer.status}.`);
  return content;
}

function put(id, value) {
  if (!typing.has(id)) at(id).value = value;
}

function moves() {
  return before ? {} : Object.fromEntries(Object.entries(state.moves).filter(([, distance]) => distance));
}

// The distance of each direction that is moved and, where the model has layers to choose from, its layers.
function moved() {
  const distances = moves();
  if (!session.layers.length) return { moves: distances };
  const layers = Object.keys(distances).map(index => [index, state.layers[index] ?? session.at_layers]);
  return { moves: distances, layers: Object.fromEntries(layers) };
}

async function draw(samples) {
  const number = ++sent;
  clearTimeout(waiting);
  waiting = setTimeout(() => document.querySelector("main").setAttribute("aria-busy", "true"), 400);
  const asked = { class: state.class, truncation: state.truncation, seed: state.seed, samples, ...moved() };
  try {
    const answer = await ask("api/images", { ...asked, client, number });
    if (answer === null || number < shown) return;
    shown = number;
    show(asked, answer);
  } catch (error) {
    if (number < sent) return; // a newer request reports its own errors
    complain(error.message);
    if (good) state = { ...state, ...good };
  }
  if (number === sent) {
    clearTimeout(waiting);
    document.querySelector("main").setAttribute("aria-busy", "false");
  }
}

function samplesShown() {
  return state.only === null ? Array.from({ length: state.samples }, (_, sample) => sample) : [state.only];
}

function drawAll() {
  clearTimeout(resting);
  return draw(samplesShown());
}

function drawMoving() {
  if (frame) return;
  frame = requestAnimationFrame(() => {
    frame = 0;
    clearTimeout(resting);
    const samples = samplesShown();
    if (cost * samples.length <= SLOW) return draw(samples);
    resting = setTimeout(drawAll, REST);
    return draw([chosen]);
  });
}

function show(asked, answer) {
  at("error").hidden = true;
  for (const id of ["class", "seed", "truncation"]) at(id).removeAttribute("aria-invalid");
  cost = answer.seconds / answer.images.length;
  const buttons = [...at("images").children];
  for (const button of buttons) button.classList.toggle("behind", asked.samples.length < buttons.length);
  const samples = samplesShown();
  asked.samples.forEach((sample, i) => {
    const button = buttons[samples.indexOf(sample)];
    if (!button) return;
    button.classList.remove("behind");
    button.firstChild.src = answer.images[i];
    button.firstChild.alt = `${answer.class}, sample ${sample}${before ? ", before" : ""}`;
  });
  if (asked.class === state.class) put("class", (state.class = answer.class));
  if (asked.seed === state.seed) put("seed", asked.seed);
  tellTruncation(asked.truncation, answer.truncation);
  good = { class: answer.class, truncation: answer.truncation, seed: asked.seed };
  at("title").textContent = `${session.model} · ${answer.class}`;
  if (String(asked.samples) === String(samples)) {
    drawn = { ...asked, class: answer.class, truncation: answer.truncation, before };
    at("command").textContent = answer.command;
  }
  const each = asked.samples.length === 1 ? "1 image" : `${asked.samples.length} images`;
  at("status").textContent = `${each} in ${Math.max(1, Math.round(answer.seconds * 1000))} ms`;
  remember();
}

function tellTruncation(asked, used) {
  if (asked !== state.truncation) return;
  if (Math.abs(asked - used) > 1e-9) notStored = asked;
  state.truncation = used;
  put("truncation", +used.toFixed(4));
  const notes = [];
  if (notStored !== null) {
    notes.push(`Truncation ${notStored} is not stored; the nearest stored value, ${+used.toFixed(4)}, is used.`);
  }
  if (Math.abs(used - session.truncation) > 1e-9) {
    notes.push("Truncation scales the latents, so the images themselves change with it.");
  }
  at("truncation-note").textContent = notes.join(" ");
}

function complain(words) {
  at("error").textContent = words;
  at("error").hidden = false;
  if (!good) return;
  for (const id of ["class", "seed", "truncation"]) {
    if (state[id] !== good[id]) at(id).setAttribute("aria-invalid", "true");
  }
}

function remember() {
  const kept = { ...good, samples: state.samples, only: state.only, moves: state.moves, layers: state.layers };
  history.replaceState(null, "", "#" + encodeURIComponent(JSON.stringify(kept)));
}

function recall() {
  try {
    const kept = JSON.parse(decodeURIComponent(location.hash.slice(1)));
    const samples = [1, 2, 4, 6, 9].includes(kept.samples) ? kept.samples : 4;
    const only = Number.isInteger(kept.only) && kept.only >= 0 && kept.only < samples ? kept.only : null;
    const kept_moves = Object.entries(kept.moves).filter(([i, d]) => session.directions[i] && Number.isFinite(d));
    if (typeof kept.class !== "string" || !Number.isFinite(kept.truncation)) return {};
    if (!Number.isSafeInteger(kept.seed)) return {};
    const offered = session.layers.map(choice => choice.value);
    const layers = Object.entries(kept.layers ?? {}).filter(([i, at]) => session.directions[i] && offered.includes(at));
    return { ...kept, samples, only, moves: Object.fromEntries(kept_moves), layers: Object.fromEntries(layers) };
  } catch {
    return {};
  }
}

function layOut() {
  if (chosen >= state.samples) chosen = 0;
  if (state.only !== null) state.only = state.samples > 1 ? chosen : null;
  const samples = samplesShown();
  const columns = { 1: 1, 2: 2, 4: 2, 6: 3, 9: 3 }[samples.length];
  at("images").style.setProperty("--columns", columns);
  at("images").style.setProperty("--rows", Math.ceil(samples.length / columns));
  at("images").classList.toggle("one", samples.length === 1);
  at("only").hidden = state.samples === 1;
  at("only").setAttribute("aria-pressed", String(state.only !== null));
  const blank = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";
  at("images").replaceChildren(...samples.map(sample => {
    const image = element("img", { src: blank, alt: `sample ${sample}`, draggable: false });
    const button = element("button", { type: "button", className: "image" }, image);
    button.setAttribute("aria-pressed", String(sample === chosen));
    button.addEventListener("click", () => {
      chosen = sample;
      for (const other of at("images").children) other.setAttribute("aria-pressed", String(other === button));
    });
    return button;
  }));
}

function addDirection(direction) {
  const { index, reach, reason } = direction;
  const id = `slider-${index}`;
  const slider = element("input", { type: "range", id, min: -reach, max: reach, step: 0.05, value: 0 });
  const number = element("input", { type: "number", step: 0.05, value: 0 });
  const zero = element("button", { type: "button", className: "zero", textContent: "0", disabled: true });
  const label = element("label", { htmlFor: id, className: "index", textContent: index });
  const layers = layersField(index);
  const { field, wrong } = nameField(direction, name => {
    const called = name ? `direction ${index}, ${name}` : `direction ${index}`;
    slider.setAttribute("aria-label", name ? `Direction ${index} ${name}` : `Direction ${index}`);
    number.setAttribute("aria-label", `Distance along ${called}`);
    zero.setAttribute("aria-label", `Reset ${called}`);
    layers?.setAttribute("aria-label", `Layers of ${called}`);
  });
  const parts = [];
  if (direction.effect !== null) parts.push(`effect ${direction.effect.toFixed(3)}`);
  if (direction.linear) parts.push("linear");
  if (direction.penalty !== null) parts.push(`penalty ↓ ${direction.penalty.toFixed(3)}`);
  const mark = direction.loose ? " !" : "";
  if (direction.stability !== null) parts.push(`stability ↑ ${direction.stability.toFixed(2)}${mark}`);
  parts.push(`±${reach} of z`);
  const measures = element("div", { className: "measures", textContent: parts.join(" · "), title: reason });
  const loose = element("div", { className: "measures", textContent: `! ${direction.loose}`, hidden: !mark });

  function place(distance, from) {
    if (Math.abs(distance) > Number(slider.max)) {
      slider.min = -Math.abs(distance);
      slider.max = Math.abs(distance);
    }
    const share = (distance / Number(slider.max) + 1) / 2;
    if (from !== slider) slider.value = distance;
    if (from !== number) number.value = distance;
    slider.style.setProperty("--low", Math.min(share, 0.5));
    slider.style.setProperty("--high", Math.max(share, 0.5));
    slider.setAttribute("aria-valuetext", `${distance} of z`);
    zero.disabled = distance === 0;
    state.moves[index] = distance;
  }
  function move(distance, from) {
    setBefore(false);
    place(distance, from);
    drawMoving();
  }
  slider.addEventListener("input", () => move(Number(slider.value), slider));
  number.addEventListener("change", () => {
    const typed = number.value === "" ? NaN : Number(number.value);
    move(Number.isFinite(typed) ? Math.max(-100, Math.min(100, typed)) : 0);
  });
  zero.addEventListener("click", () => {
    move(0);
    slider.focus();
  });
  sliders.push(place);
  place(state.moves[index] ?? 0);
  return element("li", {},
    element("div", { className: "row" }, label, field, number, zero), wrong,
    element("div", { className: "slide" }, slider), ...(layers ? [layers] : []), measures, loose);
}

// A choice of the layers at which a direction acts; null where the model has none to choose from.
function layersField(index) {
  if (!session.layers.length) return null;
  const field = element("select", { className: "layers" },
    ...session.layers.map(({ value, label }) => element("option", { value, textContent: label })));
  field.value = state.layers[index] ?? session.at_layers;
  field.addEventListener("change", () => {
    setBefore(false);
    state.layers[index] = field.value;
    drawAll();
  });
  return field;
}

function setBefore(on) {
  before = on;
  at("before").setAttribute("aria-pressed", String(on));
}

function say(words) {
  at("said").textContent = words;
}

async function copyCommand() {
  const text = at("command").textContent;
  try {
    await navigator.clipboard.writeText(text);
    say("Copied.");
  } catch { // no clipboard outside a secure context: select the command
    getSelection().selectAllChildren(at("command"));
    say(document.execCommand("copy") ? "Copied." : "The command is selected: copy it with the keyboard.");
  }
}

async function saveImages() {
  if (!drawn) return;
  const { before: unmoved, ...asked } = drawn;
  at("save").disabled = true;
  try {
    const file = await ask("api/png", { ...asked, client: `${client}-save`, number: ++saves });
    if (file === null) return;
    const kind = asked.class.replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, 60);
    const sample = asked.samples.length === 1 ? `_sample${asked.samples[0]}` : "";
    const name = `${kind}_seed${asked.seed}${sample}${unmoved ? "_before" : ""}.png`;
    const address = URL.createObjectURL(file);
    element("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
    say(`Saved as ${name}.`);
  } catch (error) {
    complain(error.message);
  } finally {
    at("save").disabled = false;
  }
}

function classField() {
  const many = session.classes.length > 40;
  const field = element(many ? "input" : "select", { id: "class" });
  const options = session.classes.map(name => element("option", { value: name, textContent: name }));
  if (many) {
    Object.assign(field, { type: "text", autocomplete: "off", spellcheck: false });
    field.setAttribute("list", "classes");
    at("classes").append(...options);
    field.addEventListener("focus", () => field.select());
  } else {
    field.append(...options);
  }
  return field;
}

function listen() {
  const change = (id, read) => {
    at(id).addEventListener("input", () => typing.add(id));
    at(id).addEventListener("blur", () => typing.delete(id));
    at(id).addEventListener("change", () => {
      typing.delete(id);
      state[id] = read(at(id).value);
      drawAll();
    });
  };
  const number = text => (text === "" ? null : Number(text));
  change("class", text => text);
  change("seed", number);
  change("truncation", text => {
    notStored = null;
    return number(text);
  });
  at("samples").addEventListener("change", () => {
    state.samples = Number(at("samples").value);
    layOut();
    drawAll();
  });
  at("new").addEventListener("click", () => {
    state.seed = at("seed").value = crypto.getRandomValues(new Uint32Array(1))[0] % 100000;
    drawAll();
  });
  at("reset").addEventListener("click", () => {
    setBefore(false);
    for (const place of sliders) place(0);
    drawAll();
  });
  at("before").addEventListener("click", () => {
    setBefore(!before);
    drawAll();
  });
  at("only").addEventListener("click", () => {
    state.only = state.only === null ? chosen : null;
    layOut();
    drawAll();
  });
  at("save").addEventListener("click", saveImages);
  at("copy").addEventListener("click", copyCommand);
}

async function start() {
  session = await ask("api/session");
  state = { class: session.class, truncation: session.truncation, seed: session.seed, samples: 4, only: null, moves: {}, layers: {}, ...recall() };
  chosen = state.only ?? 0;
  at("file").textContent = session.file;
  at("class-place").replaceWith(classField());
  at("samples").append(...[1, 2, 4, 6, 9].map(n => element("option", { value: n, textContent: n })));
  for (const id of ["class", "seed", "samples", "truncation"]) at(id).value = state[id];
  at("directions").append(...session.directions.map(addDirection));
  layOut();
  listen();
  followNames();
  await drawAll();
}

start().catch(error => complain(error.message));
