"use strict";
// Positions count from 0 to last along every direction; the middle one is the centre. Nothing here asks the
// network for anything, and text is only ever set as text.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const captions = data.captions;
  const last = data.fractions.length - 1, middle = last / 2;
  const status = document.getElementById("status");
  const STEP_MS = 50;

  const signed = (distance, decimals = 1) => {
    const words = Math.abs(distance).toFixed(decimals);
    return Number(words) === 0 ? "0" : (distance < 0 ? "−" : "+") + words;
  };

  const along = (place, position) => {
    const { distance } = data.directions[place];
    return signed(data.fractions[position] * distance, distance < 1 ? 2 : 1);
  };

  // ---- names ------------------------------------------------------------------------------------------
  const storageKey = "biggan-directions/names/" + data.fingerprint;
  const namesOfFile = new Map(data.directions.map((one) => [one.index, one.name]));
  const names = new Map(namesOfFile);
  try {
    const kept = JSON.parse(localStorage.getItem(storageKey) || "{}");
    for (const index of names.keys()) {
      if (typeof kept[index] === "string") names.set(index, kept[index]);
    }
  } catch { /* a browser that keeps nothing, or keeps something else under this key */ }

  const called = (index) => names.get(index) ? `${index} · ${names.get(index)}` : `${index}`;
  const quoted = (text) => /^[A-Za-z0-9_@%+=:,.\/-]+$/.test(text) ? text : "'" + text.replaceAll("'", `'"'"'`) + "'";
  const changed = () => [...names].filter(([index, name]) => name !== namesOfFile.get(index));

  const box = document.getElementById("names"), command = document.getElementById("names-command");
  function showNames() {
    const pairs = changed();
    box.hidden = pairs.length === 0;
    document.body.classList.toggle("naming", pairs.length > 0);
    command.textContent = data.file === null
      ? pairs.map(([index, name]) => `${index}=${name}`).join(", ")
      : `biggan-directions name ${data.file} ` + pairs.map(([index, name]) => quoted(`${index}=${name}`)).join(" ");
    for (const one of rows) {
      one.field.classList.toggle("changed", names.get(one.index) !== namesOfFile.get(one.index));
      one.relabel();
    }
    for (const panel of panels) panel.relabel();
  }
  function keepNames() {
    try {
      const pairs = changed();
      if (pairs.length) localStorage.setItem(storageKey, JSON.stringify(Object.fromEntries(pairs)));
      else localStorage.removeItem(storageKey);
    } catch { /* as above: the command is still shown */ }
    showNames();
  }

  // ---- pictures ---------------------------------------------------------------------------------------
  const strips = data.directions.map((one) => one.strips.map(() => null));
  const loading = data.directions.map(() => null);
  function load(place) {
    loading[place] ??= Promise.all(data.directions[place].strips.map(async (strip, sample) => {
      const image = new Image();
      image.src = "data:image/webp;base64," + strip;
      await image.decode();
      strips[place][sample] = image;
    }));
    return loading[place];
  }

  function paint(canvas, place, sample, position) {
    const strip = strips[place][sample];
    if (!strip || !canvas.clientWidth) return;
    const width = Math.round(canvas.clientWidth * devicePixelRatio);
    const height = Math.round(width * data.height / data.width);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const pen = canvas.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(strip, 0, position * data.height, data.width, data.height, 0, 0, width, height);
  }

  const nearest = (fraction) => {
    const away = data.fractions.map((other) => Math.abs(other - fraction));
    return away.indexOf(Math.min(...away));
  };

  // Calls onmove with how far across its element the pointer is, from 0 to 1: a mouse need only pass by, a
  // finger or a pen must press.
  function scrubbed(holder, edgesOf, onmove) {
    const scrub = (event) => {
      const element = edgesOf(event);
      if (!element || (event.pointerType !== "mouse" && event.buttons === 0)) return;
      const edges = element.getBoundingClientRect();
      const share = (event.clientX - edges.left) / edges.width;
      onmove(Math.min(1, Math.max(0, share)));
    };
    holder.addEventListener("pointermove", scrub);
    holder.addEventListener("pointerdown", scrub);
  }

  // A row of canvases, one a sample, that shows one direction at one position.
  class Pictures {
    constructor(holder, narrow, onmove) {
      this.place = 0;
      this.position = middle;
      holder.style.setProperty("--columns", Math.min(narrow ? 2 : 4, captions.length));
      this.canvases = captions.map((caption, sample) => {
        const figure = document.createElement("figure"), canvas = document.createElement("canvas");
        canvas.setAttribute("role", "img");
        canvas.setAttribute("aria-label", caption ? `Sample ${sample}, ${caption}` : `Sample ${sample}`);
        canvas.style.aspectRatio = `${data.width} / ${data.height}`;
        figure.append(canvas);
        if (caption) {
          const words = document.createElement("figcaption");
          words.dir = "auto";
          words.textContent = caption;
          figure.append(words);
        }
        holder.append(figure);
        return canvas;
      });
      new ResizeObserver(() => this.draw()).observe(holder);
      scrubbed(holder, (event) => event.target.closest("canvas"), (share) => onmove(Math.round(share * last)));
    }
    show(place, position) {
      this.place = place;
      this.position = position;
      this.draw();
    }
    draw() {
      this.canvases.forEach((canvas, sample) => paint(canvas, this.place, sample, this.position));
    }
  }

  // The whole way at a glance: the first sample at even distances, as near as there are pictures of them.
  class Film {
    constructor(holder, place, onmove) {
      this.place = place;
      const steps = Math.min(9, data.fractions.length) - 1;
      const positions = [...new Set(Array.from({ length: steps + 1 }, (_, step) => nearest(2 * step / steps - 1)))];
      this.cells = positions.map((position) => {
        const cell = document.createElement("div"), canvas = document.createElement("canvas");
        const words = document.createElement("span");
        canvas.style.aspectRatio = `${data.width} / ${data.height}`;
        words.textContent = along(place, position);
        cell.append(canvas, words);
        holder.append(cell);
        return { cell, canvas, position };
      });
      new ResizeObserver(() => this.draw()).observe(holder);
      scrubbed(holder, () => holder, (share) => {
        const at = Math.min(positions.length - 1, Math.max(0, share * positions.length - 0.5));
        const before = data.fractions[positions[Math.floor(at)]], after = data.fractions[positions[Math.ceil(at)]];
        onmove(nearest(before + (at % 1) * (after - before)));
      });
    }
    draw() {
      for (const { canvas, position } of this.cells) paint(canvas, this.place, 0, position);
    }
    mark(current) {
      const away = this.cells.map(({ position }) => Math.abs(data.fractions[position] - data.fractions[current]));
      const here = away.indexOf(Math.min(...away));
      this.cells.forEach(({ cell }, step) => cell.classList.toggle("here", step === here));
    }
  }

  // ---- sliders ----------------------------------------------------------------------------------------
  // Whatever has a slider and a play button: at(position) shows it, from whichever of them it comes.
  class Mover {
    constructor(slider, button) {
      this.slider = slider;
      this.button = button;
      this.position = middle;
      this.timer = null;
      slider.addEventListener("input", () => { this.pause(); this.at(Number(slider.value)); });
      button.addEventListener("click", () => this.timer === null ? this.play() : this.pause());
    }
    at(position) {
      this.position = position;
      this.slider.value = position;
    }
    play() {
      let step = this.position === last ? -1 : 1;
      const tick = () => {
        if (this.position + step > last || this.position + step < 0) step = -step;
        this.at(this.position + step);
      };
      this.timer = setInterval(tick, STEP_MS);
      this.button.setAttribute("aria-pressed", "true");
    }
    pause() {
      clearInterval(this.timer);
      this.timer = null;
      this.button.setAttribute("aria-pressed", "false");
    }
  }

  class Row extends Mover {
    constructor(article) {
      super(article.querySelector("input[type=range]"), article.querySelector(".play"));
      this.place = Number(article.dataset.place);
      const one = data.directions[this.place];
      this.index = one.index;
      this.distance = one.distance;
      this.field = article.querySelector(".name");
      this.output = article.querySelector("output");
      const scrub = (position) => { this.pause(); this.at(position); };
      this.pictures = new Pictures(article.querySelector(".pictures"), false, scrub);
      this.film = new Film(article.querySelector(".film"), this.place, scrub);
      this.field.value = names.get(this.index);
      this.field.addEventListener("input", () => { names.set(this.index, this.field.value.trim()); keepNames(); });
      this.at(middle);
      new IntersectionObserver((entries, watcher) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        watcher.disconnect();
        load(this.place).then(() => { this.pictures.draw(); this.film.draw(); });
      }, { rootMargin: "800px" }).observe(article);
    }
    at(position) {
      super.at(position);
      const words = along(this.place, position);
      this.output.textContent = words;
      this.slider.setAttribute("aria-valuetext", words);
      this.pictures.show(this.place, position);
      this.film.mark(position);
    }
    relabel() {
      if (document.activeElement !== this.field) this.field.value = names.get(this.index);
    }
  }

  class Everything extends Mover {
    at(position) {
      super.at(position);
      this.slider.setAttribute("aria-valuetext", `${signed(data.fractions[position] * 100, 0)} percent of the way`);
      for (const row of rows) { row.pause(); row.at(position); }
    }
  }

  class Panel {
    constructor(element, place) {
      this.place = place;
      this.position = middle;
      this.select = element.querySelector("select");
      this.output = element.querySelector("output");
      this.onmove = () => {};
      this.pictures = new Pictures(element.querySelector(".pictures"), true, (position) => this.onmove(position));
      data.directions.forEach((one, other) => {
        const option = document.createElement("option");
        option.value = other;
        this.select.append(option);
      });
      this.select.value = place;
      this.select.addEventListener("change", () => { this.place = Number(this.select.value); this.reload(); });
      new IntersectionObserver((entries, watcher) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        watcher.disconnect();
        this.reload();
      }, { rootMargin: "800px" }).observe(element);
    }
    reload() {
      load(this.place).then(() => this.at(this.position));
    }
    at(position) {
      this.position = position;
      this.output.textContent = along(this.place, position);
      this.pictures.show(this.place, position);
    }
    relabel() {
      data.directions.forEach((one, place) => { this.select.options[place].textContent = called(one.index); });
    }
  }

  class Pair extends Mover {
    at(position) {
      super.at(position);
      this.slider.setAttribute("aria-valuetext", panels.map((panel) => along(panel.place, position)).join(" and "));
      for (const panel of panels) panel.at(position);
    }
  }

  const rows = [...document.querySelectorAll(".direction")].map((article) => new Row(article));
  const everything = new Everything(document.getElementById("all"), document.getElementById("play-all"));
  const panels = [...document.querySelectorAll(".panel")].map((element, place) => new Panel(element, place));
  if (panels.length) {
    const pair = new Pair(document.querySelector("#compare .control input"), document.querySelector("#compare .play"));
    for (const panel of panels) panel.onmove = (position) => { pair.pause(); pair.at(position); };
    pair.at(middle);
  }
  document.getElementById("reset").addEventListener("click", () => { everything.pause(); everything.at(middle); });
  document.getElementById("forget").addEventListener("click", () => {
    for (const [index, name] of namesOfFile) names.set(index, name);
    keepNames();
    rows[0].field.focus();
    status.textContent = "The names of the file are back.";
  });
  showNames();

  // ---- copying ----------------------------------------------------------------------------------------
  for (const button of document.querySelectorAll(".copy")) {
    button.addEventListener("click", async () => {
      const code = button.parentElement.querySelector("code");
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
        status.textContent = "Copied.";
        setTimeout(() => { button.textContent = "Copy"; }, 1500);
      } catch {
        getSelection().selectAllChildren(code);
        status.textContent = "Selected: press Control and C to copy it.";
      }
    });
  }
})();
