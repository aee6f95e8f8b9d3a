"use strict";
const $ = (id) => document.getElementById(id);
const cards = [...document.querySelectorAll(".card")];
const places = new Map(cards.map((card, index) => [card, index]));
const SIDES = ["left", "right"];
const NEAR = 24; // pixels from the edge within which a drag moves it, and not the picture

// The picture of a card on a side: what was chosen, or else the card's own first and second.
function imageOn(side, card) {
  const images = [...card.querySelectorAll(".compare img")];
  return images.find((image) => image.dataset.label === $(side).value)
    ?? images[side === "left" ? 0 : Math.min(1, images.length - 1)];
}

function label(card) {
  const [left, right] = SIDES.map((side) => imageOn(side, card));
  if (!left) return; // none of its pictures can be shown
  const compare = left.closest(".compare");
  for (const image of compare.querySelectorAll("img")) {
    image.classList.toggle("left", image === left);
    image.classList.toggle("right", image === right);
  }
  compare.classList.toggle("one", left === right);
  compare.querySelector(".tag.left").textContent = left.dataset.label;
  compare.querySelector(".tag.right").textContent = right.dataset.label;
  const list = card.querySelector(".layers");
  const items = new Map([...list.children].map((item) => [item.dataset.label, item]));
  // Those without a picture stay, and say so.
  for (const image of compare.querySelectorAll("img")) items.get(image.dataset.label).hidden = true;
  for (const image of [right, left]) { // each to the front
    const item = items.get(image.dataset.label);
    item.hidden = false;
    list.prepend(item);
  }
  compare.querySelector("input").setAttribute(
    "aria-label", `${left.alt} | ${right.dataset.label}`,
  );
}

function sortCards() {
  const { value, dataset } = $("order").selectedOptions[0];
  const key = (side, card) => JSON.parse(imageOn(side, card)?.dataset.keys ?? "{}")[value] ?? 0;
  const keys = new Map(cards.map((card) => [card,
    key("right", card) - (dataset.gain === "1" ? key("left", card) : 0)]));
  const sign = dataset.bestFirst === "1" ? -1 : 1;
  cards.sort((a, b) => sign * (keys.get(a) - keys.get(b)) || places.get(a) - places.get(b));
  $("cards").append(...cards);
}

function filter() {
  const group = $("group").value;
  for (const card of cards) card.hidden = group !== "" && card.dataset.group !== group;
}

// The slider is a range that keys move; the pointer is followed here, on a picture that is larger
// than its window too: there a drag moves the picture, but for one near the edge.
function follow(compare) {
  const range = compare.querySelector("input");
  if (!range) return;
  const move = () => compare.style.setProperty("--at", range.value + "%");
  const slide = (event) => {
    const box = compare.getBoundingClientRect();
    range.value = 100 * (event.clientX - box.left) / box.width;
    move();
  };
  const isFar = (event) => {
    const box = compare.getBoundingClientRect();
    return Math.abs(event.clientX - box.left - box.width * range.value / 100) > NEAR;
  };
  range.addEventListener("input", move);
  compare.addEventListener("mousedown", (event) => { event.preventDefault(); range.focus(); });
  compare.addEventListener("pointerdown", (start) => {
    if (start.button !== 0) return;
    const stage = compare.closest(".stage");
    const larger = stage && (stage.scrollWidth > stage.clientWidth
      || stage.scrollHeight > stage.clientHeight);
    const pans = larger && isFar(start);
    const isMouse = start.pointerType === "mouse"; // a finger may be about to scroll the page
    let last = start;
    let moved = 0;
    const drag = (event) => {
      moved += Math.abs(event.clientX - last.clientX) + Math.abs(event.clientY - last.clientY);
      if (pans) stage.scrollBy(last.clientX - event.clientX, last.clientY - event.clientY);
      else if (isMouse || Math.abs(event.clientX - start.clientX) > 4) slide(event);
      last = event;
    };
    const end = (event) => {
      compare.removeEventListener("pointermove", drag);
      if (event.type === "pointerup" && moved < 4) slide(event);
    };
    compare.setPointerCapture(start.pointerId);
    compare.addEventListener("pointermove", drag);
    compare.addEventListener("pointerup", end, { once: true });
    compare.addEventListener("pointercancel", end, { once: true });
    if (!pans && isMouse) slide(start);
  });
  move();
}

let current = null;
let zoom = 1; // times the scale at which all is seen

function show(card) {
  current = card;
  const compare = card.querySelector(".compare").cloneNode(true);
  for (const image of compare.querySelectorAll("img")) {
    image.addEventListener("load", fit);
    if (!image.dataset.full) continue;
    // The file itself lies beside the page; without it the small picture has to do.
    const small = image.src;
    image.addEventListener("error", () => { image.src = small; }, { once: true });
    image.src = image.dataset.full;
  }
  $("stage").replaceChildren(compare);
  $("viewer-name").textContent = [card.dataset.name, card.dataset.group].filter(Boolean).join(", ");
  $("facts").replaceChildren(...[...card.querySelectorAll(".layers li:not([hidden])")]
    .map((item) => item.cloneNode(true)));
  zoom = 1;
  follow(compare);
  if (!$("viewer").open) $("viewer").showModal();
  fit();
  compare.querySelector("input")?.focus();
}

function largest() {
  return [...$("stage").querySelectorAll("img")]
    .reduce((a, b) => (a && a.naturalWidth >= b.naturalWidth ? a : b), null);
}

// Screen pixels for each pixel of the largest picture, where all of it is seen.
function fittingScale() {
  const { naturalWidth, naturalHeight } = largest();
  return Math.min($("stage").clientWidth / naturalWidth, $("stage").clientHeight / naturalHeight);
}

function fit() {
  const image = largest();
  if (!image?.naturalWidth) return;
  const compare = $("stage").querySelector(".compare");
  const scale = zoom * fittingScale();
  compare.style.width = Math.floor(image.naturalWidth * scale) + "px";
  compare.style.height = Math.floor(image.naturalHeight * scale) + "px";
  $("level").textContent = Math.round(100 * scale) + " %";
}

// Where the edge is seen in the stage, or else the middle: what keys and buttons zoom into.
function center() {
  const edge = $("stage").querySelector(".edge");
  const x = edge.getBoundingClientRect().left - $("stage").getBoundingClientRect().left;
  const width = $("stage").clientWidth;
  return x > 0 && x < width ? x : width / 2;
}

function change(wanted, x = center(), y = $("stage").clientHeight / 2) {
  if (!largest()?.naturalWidth) return;
  const stage = $("stage");
  const [left, top, old] = [stage.scrollLeft + x, stage.scrollTop + y, zoom];
  zoom = Math.min(Math.max(16, 4 / fittingScale()), Math.max(1, wanted));
  fit();
  // What was below the pointer stays there.
  stage.scrollLeft = left * zoom / old - x;
  stage.scrollTop = top * zoom / old - y;
}

function step(by) {
  const visible = cards.filter((card) => !card.hidden);
  show(visible[(visible.indexOf(current) + by + visible.length) % visible.length]);
}

for (const card of cards) {
  follow(card.querySelector(".compare"));
  card.querySelector(".enlarge").addEventListener("click", () => show(card));
  card.querySelector(".compare").addEventListener("dblclick", () => show(card));
}
for (const side of SIDES) {
  $(side).addEventListener("change", () => { cards.forEach(label); sortCards(); });
}
cards.forEach(label);
$("order").addEventListener("change", sortCards);
$("group").addEventListener("change", filter);
for (const id of ["next", "previous"]) $(id).hidden = cards.length < 2;
$("in").addEventListener("click", () => change(1.5 * zoom));
$("out").addEventListener("click", () => change(zoom / 1.5));
$("next").addEventListener("click", () => step(1));
$("previous").addEventListener("click", () => step(-1));
$("close").addEventListener("click", () => $("viewer").close());
$("viewer").addEventListener("close", () => {
  $("stage").replaceChildren();
  current.querySelector(".enlarge").focus();
});
// Before the slider hears of them: it would take arrows with Shift, too.
$("viewer").addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const pan = (x, y) => () => $("stage").scrollBy(80 * x, 80 * y);
  const actions = event.shiftKey
    ? { ArrowLeft: pan(-1, 0), ArrowRight: pan(1, 0), ArrowUp: pan(0, -1), ArrowDown: pan(0, 1) }
    : { n: () => step(1), p: () => step(-1), 0: () => change(1), 1: () => change(1 / fittingScale()) };
  // Shift is what some keyboards need for them.
  Object.assign(actions, {
    "+": () => change(1.5 * zoom), "=": () => change(1.5 * zoom), "-": () => change(zoom / 1.5),
  });
  const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (action) { event.preventDefault(); action(); }
}, { capture: true });
$("stage").addEventListener("wheel", (event) => {
  event.preventDefault();
  const box = $("stage").getBoundingClientRect();
  const factor = event.deltaY < 0 ? 1.15 : 1 / 1.15;
  change(factor * zoom, event.clientX - box.left, event.clientY - box.top);
}, { passive: false });
window.addEventListener("resize", () => { if ($("viewer").open) fit(); });
