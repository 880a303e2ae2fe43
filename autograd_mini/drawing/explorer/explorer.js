// What the reader sees and does. Text enters the page through textContent alone: names are the user's, never markup.

const data = JSON.parse(element("data").textContent);
const fixed = whyFixed(data);
const given = { values: data.nodes.map((node) => node.value), steps: givenSteps(data) };
const ALWAYS_FITS = 12; // characters: what is longer is measured, which is slow
let shown = given;
let place = 0;
let chosen = null;
let timer = null;

function element(id) {
  return document.getElementById(id);
}

function made(tag, text, properties = {}) {
  return Object.assign(document.createElement(tag), { textContent: text, ...properties });
}

// ------------------------------------------------------------------------------------------------------- words

function isArray(x) {
  return typeof x === "object" && x !== null;
}

// Whether a number is finite, and all entries of an array are.
function hasFiniteSize(x) {
  return isArray(x) ? x.norm === undefined || Number.isFinite(asNumber(x.norm)) : Number.isFinite(asNumber(x));
}

function words(x) {
  if (!isArray(x)) return number(typeof x === "boolean" ? x : asNumber(x));
  return x.norm === undefined ? x.text : `${x.shape} array of norm ${number(asNumber(x.norm))}: ${x.text}`;
}

function inPicture(x) {
  return isArray(x) ? x.text : words(x);
}

function bracketed(x) {
  return words(x).startsWith("-") ? `(${words(x)})` : words(x);
}

function label(index) {
  return data.nodes[index].label;
}

function slopeName(index) {
  return `∂${label(data.output)}/∂${label(index)}`;
}

function operand([kind, x]) {
  return kind === "node" ? label(x) : words(x);
}

function valueWords(index) {
  const node = data.nodes[index];
  const value = words(shown.values[index]);
  if (node.op !== undefined) return `${node.label} = ${node.op}(${node.inputs.map(operand).join(", ")}) = ${value}`;
  return `${node.label} = ${value} (given${node.constant ? ", a constant" : ""})`;
}

function hasArrays(step) {
  return [step.upstream, step.local, step.contribution].some(isArray);
}

// What a step adds, before it is worked out: numbers where all are numbers, else the formula.
function factorWords(step) {
  if (step.local === undefined) return step.formula ?? "contribution";
  if (hasArrays(step)) return `upstream ⊙ (${step.formula ?? "local derivative"})`;
  return `${words(step.upstream)} × ${bracketed(step.local)}`;
}

function productWords(step) {
  return `${factorWords(step)} = ${words(step.contribution)}`;
}

// The local derivative as a formula, where that does not stand in the product already.
function formulaWords(step) {
  return step.local === undefined || hasArrays(step) || !step.formula ? "" : `, local derivative ${step.formula}`;
}

function stepWords(step) {
  if (step.kind === "forward") return `Forward: ${valueWords(step.node)}`;
  if (step.kind === "seed") return `Seed: ${slopeName(step.node)} = ${words(step.total)}`;
  const way = `through ${label(step.through)} (${data.nodes[step.through].op}, operand ${step.position + 1})`;
  return `Backward: ${slopeName(step.node)} += ${productWords(step)} (total so far ${words(step.total)}), ${way}${formulaWords(step)}`;
}

// The sum over all the ways back to a node: 1·0.8 + 1·0.8 − 0.2·1.5 = 1.3
function sumWords(index) {
  const steps = shown.steps.filter((step) => step.node === index && step.kind !== "forward");
  if (steps.length === 0) return `${slopeName(index)} –: no gradient flows to it`;
  const terms = steps.map(term).map(([sign, size], at) => (at === 0 ? `${sign === "−" ? "−" : ""}${size}` : ` ${sign} ${size}`));
  return `${slopeName(index)} = ${terms.join("")} = ${words(steps.at(-1).total)}`;
}

function term(step) {
  if (step.kind === "seed") return ["+", words(step.total)];
  if (step.local === undefined || hasArrays(step)) return ["+", `(${factorWords(step)} through ${label(step.through)})`];
  const upstream = words(step.upstream);
  const size = `${upstream.replace(/^-/, "")}·${bracketed(step.local)}`;
  return [upstream.startsWith("-") ? "−" : "+", size];
}

// ----------------------------------------------------------------------------------------------------- the picture

function nodeElement(index) {
  return element(`n${index}`);
}

function edgeElement(step) {
  return element(`e${step.through}_${step.position}`);
}

// The lines of a node that change: the last that begin so, as names stand above them.
function line(index, word) {
  return [...(nodeElement(index)?.querySelectorAll("text") ?? [])].findLast((text) => new RegExp(`^${word}\\s`).test(text.textContent));
}

// The room that a line has in its node; 0 while nothing is laid out.
function roomIn(index) {
  return (nodeElement(index).querySelector("polygon, ellipse, path")?.getBBox().width ?? 0) - 6;
}

function write(index, word, text) {
  const target = line(index, word);
  if (!target || target.textContent === `${word} ${text}`) return;
  target.removeAttribute("textLength");
  target.textContent = `${word} ${text}`;
  if (text.length < ALWAYS_FITS) return;
  const room = roomIn(index);
  if (room > 0 && target.getComputedTextLength() > room) {
    target.setAttribute("textLength", room);
    target.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
}

// What is known after the current step: which nodes have a value, and the gradient of each so far.
function known() {
  const past = shown.steps.slice(0, place + 1);
  const values = new Set(past.filter((step) => step.kind === "forward").map((step) => step.node));
  const gradients = new Map(past.filter((step) => step.kind !== "forward").map((step) => [step.node, step.total]));
  return { values, gradients };
}

function drawNodes({ values, gradients }) {
  data.nodes.forEach((node, index) => {
    const value = values.has(index) ? inPicture(shown.values[index]) : "–";
    const gradient = gradients.has(index) ? inPicture(gradients.get(index)) : "–";
    write(index, "value", value);
    write(index, "grad", gradient);
    const kind = node.op ?? (node.constant ? "constant" : "leaf");
    const target = nodeElement(index);
    target?.setAttribute("aria-label", `${node.label}, ${kind}, value ${value}, gradient ${gradient}`);
    target?.setAttribute("aria-pressed", String(index === chosen));
    target?.classList.toggle("waiting", !values.has(index));
    target?.classList.toggle("strange", values.has(index) && !hasFiniteSize(shown.values[index]));
    target?.classList.toggle("chosen", index === chosen);
  });
}

function highlight(step) {
  for (const marked of document.querySelectorAll("#picture .current, #picture .source, #picture .backward")) {
    marked.classList.remove("current", "source", "backward");
  }
  nodeElement(step.node)?.classList.add("current");
  if (step.kind === "backward") {
    nodeElement(step.through)?.classList.add("source");
    edgeElement(step)?.classList.add("current", "backward");
  } else if (step.kind === "forward") {
    (data.nodes[step.node].inputs ?? []).forEach((_, position) => element(`e${step.node}_${position}`)?.classList.add("current"));
  }
}

// Scrolls the picture alone, not the page, to where the step is.
function reveal(step) {
  const box = nodeElement(step.node)?.getBoundingClientRect();
  if (!box) return;
  const frame = element("picture").getBoundingClientRect();
  const hidden = box.top < frame.top || box.bottom > frame.bottom || box.left < frame.left || box.right > frame.right;
  if (!hidden) return;
  const [right, down] = [box.x + box.width / 2 - frame.x - frame.width / 2, box.y + box.height / 2 - frame.y - frame.height / 2];
  element("picture").scrollBy(right, down);
}

// ------------------------------------------------------------------------------------------------------- the side

function drawNode() {
  if (chosen === null) return;
  const received = shown.steps.filter((step) => step.node === chosen && step.kind === "backward");
  const ways = received.map((step) => made("li", `through ${label(step.through)}: ${productWords(step)}${formulaWords(step)}`));
  const list = made("ul", "");
  list.append(...ways);
  element("node-title").textContent = `Node ${label(chosen)}`;
  element("node").replaceChildren(made("p", valueWords(chosen)), made("p", sumWords(chosen), { className: "sum" }), list);
}

function drawLeaves({ gradients }) {
  for (const row of element("leaves").rows) {
    const index = Number(row.dataset.node);
    row.cells[2].textContent = gradients.has(index) ? inPicture(gradients.get(index)) : "–";
  }
}

function makeLeaves() {
  data.nodes.forEach((node, index) => {
    if (node.op !== undefined) return;
    const row = element("leaves").insertRow();
    row.dataset.node = index;
    const [name, value] = [row.insertCell(), row.insertCell()];
    row.insertCell();
    name.textContent = node.label;
    if (fixed === null) value.append(leafInput(node, index));
    else value.textContent = words(node.value);
  });
}

function leafInput(node, index) {
  const input = made("input", "", { type: "number", step: "any", value: String(node.value) });
  input.setAttribute("aria-label", `value of ${node.label}`);
  input.dataset.node = index;
  input.addEventListener("input", edited);
  return input;
}

// ------------------------------------------------------------------------------------------------------- changes

function leafInputs() {
  return [...document.querySelectorAll("#leaves input")];
}

function edited(event) {
  const input = event.target;
  const isNumber = Number.isFinite(input.valueAsNumber);
  input.setAttribute("aria-invalid", String(!isNumber));
  if (!isNumber) return; // half a number, or none: what was computed last stays
  const leaves = [...shown.values];
  leaves[Number(input.dataset.node)] = input.valueAsNumber;
  const values = computedValues(data, leaves);
  shown = { values: values.map((x, index) => (typeof given.values[index] === "boolean" ? Boolean(x) : x)), steps: computedSteps(data, values) };
  element("reset").disabled = false;
  draw();
}

function reset() {
  shown = given;
  for (const input of leafInputs()) {
    input.value = String(data.nodes[Number(input.dataset.node)].value);
    input.setAttribute("aria-invalid", "false");
  }
  element("reset").disabled = true;
  draw();
}

function draw() {
  const step = shown.steps[place];
  const state = known();
  const last = shown.steps.length - 1;
  drawNodes(state);
  drawLeaves(state);
  drawNode();
  highlight(step);
  element("step").textContent = stepWords(step);
  element("count").textContent = `Step ${place + 1} of ${last + 1}`;
  element("slider").value = String(place);
  element("slider").setAttribute("aria-valuetext", `${place + 1} of ${last + 1}: ${step.kind} ${label(step.node)}`);
}

function go(to) {
  place = Math.max(0, Math.min(to, shown.steps.length - 1));
  draw();
  reveal(shown.steps[place]);
}

function goByHand(to) {
  pause();
  go(to);
}

function choose(index) {
  chosen = index;
  draw();
}

// -------------------------------------------------------------------------------------------------------- playing

function pause() {
  clearTimeout(timer);
  timer = null;
  showPlaying();
}

function play() {
  if (place === shown.steps.length - 1) go(0);
  wait();
  showPlaying();
}

function wait() {
  timer = setTimeout(tick, Number(element("speed").value));
}

function tick() {
  go(place + 1);
  if (place === shown.steps.length - 1) pause();
  else wait();
}

function showPlaying() {
  element("play").textContent = timer === null ? "Play" : "Pause";
  element("play").setAttribute("aria-pressed", String(timer !== null));
}

function toggle() {
  if (timer === null) play();
  else pause();
}

// ----------------------------------------------------------------------------------------------------------- input

const KEYS = {
  ArrowLeft: () => goByHand(place - 1),
  ArrowRight: () => goByHand(place + 1),
  Home: () => goByHand(0),
  End: () => goByHand(shown.steps.length - 1),
  " ": toggle,
};

// Fields and the slider have keys of their own; a space presses the button that has the focus.
function pressed(event) {
  const own = event.target.closest?.("input, select, textarea");
  const presses = event.key === " " && event.target.closest?.("button, [role=button]");
  if (own || presses || event.ctrlKey || event.altKey || event.metaKey || !Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
}

function makeNodes() {
  data.nodes.forEach((node, index) => {
    const target = nodeElement(index);
    if (!target) return;
    target.setAttribute("tabindex", "0");
    target.setAttribute("role", "button");
    target.addEventListener("click", () => choose(index));
    target.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      choose(index);
    });
  });
}

function connect() {
  const actions = {
    first: () => goByHand(0),
    back: () => goByHand(place - 1),
    play: toggle,
    forward: () => goByHand(place + 1),
    last: () => goByHand(shown.steps.length - 1),
    reset,
  };
  for (const [id, action] of Object.entries(actions)) element(id).addEventListener("click", action);
  element("slider").max = String(shown.steps.length - 1);
  element("slider").addEventListener("input", (event) => goByHand(event.target.valueAsNumber));
  document.addEventListener("keydown", pressed);
}

function start() {
  for (const id of ["controls", "step", "side"]) element(id).hidden = false;
  element("editing").textContent = fixed === null ? "Change a value: all is computed anew." : `Values can't be changed here: ${fixed}.`;
  element("reset").hidden = fixed !== null;
  makeLeaves();
  makeNodes();
  connect();
  draw();
}

start();
