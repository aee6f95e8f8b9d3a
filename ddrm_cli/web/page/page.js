// The way of a photo through the page: dropped, looked at, said what happened, restored, compared.

import { Painter } from "./painter.js";

const $ = (id) => document.getElementById(id);
const form = $("order");
const field = (name) => form.elements[name];

let about; // what the program says of itself
let photo = null; // what it said of the photo
let painter = null;
let restoring = false;

async function asked(address, options = {}) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch {
    throw new Error("ddrm web does not answer. Start it again, and open the address that it prints.");
  }
  if (answer.status === 204 || answer.status === 202) return null;
  const said = await answer.json().catch(() => ({ error: `It answers ${answer.status}.` }));
  if (!answer.ok) throw new Error(said.error);
  return said;
}

function complain(error) {
  $("error").textContent = error.message;
  $("error").hidden = false;
  $("error").scrollIntoView({ block: "nearest" });
}

// Something that the user begins; what goes wrong with it is said.
const begins = (work) => async (event) => {
  $("error").hidden = true;
  try {
    await work(event);
  } catch (error) {
    complain(error);
  }
};

const here = (part = "") => `photos/${photo.key}${part}`;

// ---- a photo comes and goes

async function take(file) {
  if (!file) return;
  if (file.size > about.max_bytes) {
    throw new Error(`${file.name} is larger than ddrm web takes: see its option --max-pixels.`);
  }
  putAway();
  document.body.classList.add("busy");
  $("looking").textContent = `Looking at ${file.name} …`;
  try {
    const name = encodeURIComponent(file.name.replaceAll("/", "_"));
    photo = await asked(`photos/${name}`, { method: "PUT", body: file });
  } finally {
    document.body.classList.remove("busy");
    $("looking").textContent = "";
  }
  show();
}

function putAway() {
  if (photo) fetch(here(), { method: "DELETE", keepalive: true }).catch(() => {});
  photo = null;
  painter?.remove();
  painter = null;
  restoring = false;
  $("work").hidden = true;
  $("drop").hidden = false;
  $("file").value = "";
}

function show() {
  $("drop").hidden = true;
  $("work").hidden = false;
  $("name").textContent = photo.name;
  $("photo").src = $("before").src = here("/view");
  $("found").replaceChildren(...photo.found.map(item));
  $("noise-found").textContent = photo.noise ? `about ${photo.noise}` : "hardly any";
  $("transparent").textContent = photo.has_holes
    ? "What is transparent is filled in, unless you paint something else." : "";
  form.reset();
  $("quality").hidden = field("quality").disabled = photo.is_jpeg;
  suggest(photo.suggestions);
  $("shows").open = photo.suggestions.length === 0; // then it is all that there is to go by
  begin();
}

const item = (text) => Object.assign(document.createElement("li"), { textContent: text });

// What ddrm inspect suggests: its reasons beside the choices, the best one chosen.
function suggest(suggestions) {
  for (const hint of form.querySelectorAll(".why")) hint.remove();
  $("choice-recorded").hidden = true;
  for (const each of [...suggestions].reverse()) {
    const what = choose(each);
    const choice = $(`choice-${what}`);
    choice.hidden = false;
    const why = Object.assign(document.createElement("em"), { className: "why", textContent: each.why });
    choice.querySelector("label > span").append(why);
    form.querySelector(`[name=what][value=${what}]`).checked = true;
  }
}

function choose({ degradation, parameters, reduced }) {
  const [, factor] = /^sr_bicubic(\d+)$/.exec(degradation ?? "") ?? [];
  if (factor) {
    field(reduced ? "times" : "factor").value = factor;
    return reduced ? "enlarged" : "upscale";
  }
  if (degradation === "deblur_gauss") {
    field("blur").value = degradation;
    field("deviation").value = parameters.blur;
    return "blur";
  }
  if (parameters.quality) field("quality").value = parameters.quality;
  return degradation ?? "recorded";
}

// ---- what is to be done with it

const what = () => field("what").value;

// As the program's table of degradations has it.
function degradation() {
  const number = (name) => Number(field(name).value);
  switch (what()) {
    case "recorded": return {};
    case "jpeg":
      return { degradation: "jpeg", parameters: photo.is_jpeg ? {} : { quality: number("quality") } };
    case "upscale": return { degradation: `sr_bicubic${field("factor").value}` };
    case "enlarged": return { degradation: `sr_bicubic${field("times").value}`, reduced: true };
    case "blur": {
      const parameters = {
        deblur_gauss: () => ({ blur: number("deviation") }),
        deblur_uni: () => ({ blur: number("width") }),
        deblur_motion: () => ({ blur: number("length"), angle: number("angle") }),
      };
      const blur = field("blur").value;
      return { degradation: blur, parameters: parameters[blur]() };
    }
    default: return { degradation: what() };
  }
}

function sigma() {
  const noise = $("noise").hidden ? "estimated" : field("noise").value;
  return { estimated: null, none: 0, set: Number(field("sigma").value) }[noise];
}

const masked = () => what() === "inp" && painter !== null && painter.strokes.length > 0;

// Shows what belongs to the choice, and only that; what is not shown need not be right.
function follow() {
  for (const choice of form.querySelectorAll(".choice")) {
    const more = choice.querySelector(".more");
    if (more) more.hidden = !choice.querySelector("[name=what]").checked;
  }
  for (const part of form.querySelectorAll("[data-of]")) {
    part.hidden = part.dataset.of !== field("blur").value;
  }
  for (const remark of form.querySelectorAll(".remark")) {
    remark.hidden = field("model").value !== about.bundled;
  }
  $("noise").hidden = ["jpeg", "recorded"].includes(what());
  $("noise").querySelector(".more").hidden = field("noise").value !== "set";
  for (const input of form.querySelectorAll(".more input, .more select")) {
    input.disabled = input.closest("[hidden]") !== null;
  }
  paint(what() === "inp");
  $("restore").disabled = !what() || (what() === "inp" && !masked() && !photo.has_holes);
}

// ---- the mask

function paint(wanted) {
  const shown = wanted && $("compared").hidden;
  $("tools").hidden = $("painter").hidden = !shown;
  $("photo").hidden = shown || !$("compared").hidden;
  if (!shown) return;
  if (!painter) {
    painter = new Painter($("painter"), here("/view"), photo.width, photo.height, follow);
    resize();
    $("stage").scrollIntoView({ block: "nearest" });
    field("noise").value = "none"; // what is not painted over stays as it is
    follow();
  }
  $("undo").disabled = !painter.canUndo;
  $("redo").disabled = !painter.canRedo;
  $("clear").disabled = !painter.strokes.length;
}

// From two pixels, of which one is painted as a whole wherever the brush is, to a fifth of the photo;
// equal steps are equal ratios.
function resize() {
  const most = Math.max(20, Math.max(photo.width, photo.height) / 5);
  const pixels = Math.round(2 * (most / 2) ** $("size").value);
  painter.width = pixels;
  $("size-said").textContent = `${pixels} px`;
}

// ---- restoring

// Before a restoration, and back to it.
function begin() {
  restoring = false;
  for (const id of ["compared", "doing", "cancel", "back", "download"]) $(id).hidden = true;
  $("restore").hidden = false;
  $("notes").replaceChildren();
  for (const part of form.querySelectorAll("fieldset")) part.disabled = false;
  follow();
}

async function restore() {
  const order = { ...degradation(), sigma: sigma(), masked: masked(), model: field("model").value };
  if (order.masked) {
    await asked(here("/mask"), { method: "PUT", body: await painter.mask() });
  }
  await asked(here("/restoration"), { method: "POST", body: JSON.stringify(order) });
  begin();
  restoring = true;
  for (const part of form.querySelectorAll("fieldset")) part.disabled = true;
  $("restore").hidden = true;
  $("doing").hidden = $("cancel").hidden = false;
  $("cancel").disabled = false;
  $("cancel").focus();
  const key = photo.key;
  let job;
  do {
    job = await asked(here("/restoration"));
    if (photo?.key !== key) return; // put away meanwhile
    tell(job);
    await new Promise((done) => setTimeout(done, 300));
    if (photo?.key !== key) return;
  } while (!["done", "cancelled", "failed"].includes(job.state));
  begin();
  $("notes").replaceChildren(...job.notes.map(item));
  if (job.state === "failed") throw new Error(job.error);
  if (job.state === "done") compare(job);
}

function tell({ state, share, left, notes }) {
  const progress = $("progress");
  if (share) progress.value = share;
  else progress.removeAttribute("value");
  $("left").textContent = state === "waiting"
    ? "waiting for another photo" : share ? `${said(left)} left` : "getting ready";
  $("notes").replaceChildren(...notes.map(item));
}

const said = (seconds) => (seconds < 90
  ? `${Math.ceil(seconds)} s`
  : seconds < 5400 ? `${Math.round(seconds / 60)} minutes` : `${(seconds / 3600).toFixed(1)} hours`);

function compare({ name }) {
  // Another result of the same photo is another picture.
  const address = `${here("/result")}?${Date.now()}`;
  $("after").src = address;
  $("download").href = address;
  $("download").download = name;
  $("download").hidden = $("back").hidden = false;
  $("restore").hidden = true;
  $("compared").hidden = false;
  $("slider").value = 50;
  follow();
  $("stage").scrollIntoView({ block: "nearest" });
  $("slider").focus({ preventScroll: true });
}

function zoom() {
  const full = document.querySelector("[name=zoom]:checked").value === "full";
  $("frame").classList.toggle("full", full);
  const after = $("after");
  for (const picture of [$("before"), after]) {
    picture.style.width = full ? `${after.naturalWidth}px` : "";
    picture.style.height = full ? `${after.naturalHeight}px` : "";
  }
  const frame = $("frame"); // its middle, where the slider begins
  frame.scrollTo((frame.scrollWidth - frame.clientWidth) / 2,
    (frame.scrollHeight - frame.clientHeight) / 2);
}

// ---- events

form.addEventListener("change", () => {
  if (!$("compared").hidden) begin();
  else follow();
});
form.addEventListener("submit", begins(async (event) => {
  event.preventDefault();
  try {
    await restore();
  } catch (error) {
    if (photo) begin();
    throw error;
  }
}));
$("cancel").addEventListener("click", begins(async () => {
  $("cancel").disabled = true;
  $("left").textContent = "ending";
  await asked(here("/restoration"), { method: "DELETE" });
}));
$("back").addEventListener("click", begin);
$("another").addEventListener("click", putAway);
$("file").addEventListener("change", begins(() => take($("file").files[0])));
$("undo").addEventListener("click", () => painter.undo());
$("redo").addEventListener("click", () => painter.redo());
$("clear").addEventListener("click", () => painter.clear());
$("closer").addEventListener("click", () => painter.zoom(1.5));
$("farther").addEventListener("click", () => painter.zoom(1 / 1.5));
$("fit").addEventListener("click", () => painter.fit());
$("size").addEventListener("input", resize);
for (const tool of document.querySelectorAll("[name=tool]")) {
  tool.addEventListener("change", () => painter.use(tool.value));
}
for (const choice of document.querySelectorAll("[name=zoom]")) choice.addEventListener("change", zoom);
$("after").addEventListener("load", zoom);

for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    document.body.classList.toggle("over", name === "dragenter" || name === "dragover");
  });
}
document.addEventListener("drop", begins((event) => {
  if (restoring) throw new Error("A photo is being restored. Wait for it, or cancel it.");
  return take(event.dataTransfer.files[0]);
}));
window.addEventListener("beforeunload", (event) => {
  if (restoring) event.preventDefault();
});
window.addEventListener("pagehide", putAway);

begins(async () => {
  about = await asked("desk");
  $("version").textContent = `ddrm ${about.version}`;
  const options = about.models.map((name) => new Option(name, name));
  field("model").replaceChildren(...options);
  field("model").value = about.bundled;
  $("models").hidden = options.length < 2;
})();
