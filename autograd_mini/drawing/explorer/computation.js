// The whole computation anew, from other values of its leaves: forward node by node, back edge by edge.

// The value of every node, given those of the leaves by number.
function computedValues(data, leaves) {
  const values = [];
  data.nodes.forEach((node, index) => {
    values.push(node.op === undefined ? leaves[index] : resultOf(node, values));
  });
  return values;
}

function resultOf(node, values) {
  const settings = node.settings === undefined ? [] : [node.settings];
  return OPERATIONS[node.op](...operandsOf(node, values), ...settings);
}

function operandsOf(node, values) {
  return node.inputs.map(([kind, x]) => asNumber(kind === "node" ? values[x] : x));
}

// The steps with their numbers; a forward step has none, as the values have them.
function computedSteps(data, values) {
  const totals = new Map();
  return data.steps.map((step) => {
    if (step.kind === "forward") return step;
    const numbers = step.kind === "seed" ? { total: asNumber(step.total) } : contributed(step, data, values, totals);
    totals.set(step.node, numbers.total);
    return { ...step, ...numbers };
  });
}

function contributed(step, data, values, totals) {
  const upstream = totals.get(step.through);
  const local = localDerivative(step, data, values);
  const contribution = upstream * local;
  return { upstream, local, contribution, total: totals.has(step.node) ? totals.get(step.node) + contribution : contribution };
}

function localDerivative(step, data, values) {
  const names = { y: values[step.through] };
  operandsOf(data.nodes[step.through], values).forEach((x, position) => {
    names[`x${position}`] = x;
  });
  return evaluate(data.slopes[step.slope], names);
}

// The steps as Python computed them, with the numbers that follow from others: what flows into a step is the gradient
// of the node that it comes through, unless a hook has replaced it.
function givenSteps(data) {
  const totals = new Map();
  return data.steps.map((step) => {
    if (step.kind === "forward") return step;
    const complete = step.kind === "seed" ? step : completed(step, step.upstream ?? totals.get(step.through));
    totals.set(step.node, complete.total);
    return complete;
  });
}

function completed(step, upstream) {
  const contribution = step.contribution ?? asNumber(upstream) * asNumber(step.local);
  return { ...step, upstream, contribution, total: step.total ?? contribution };
}

// Why the values can't be changed here, or null.
function whyFixed(data) {
  if (data.fixed !== null) return data.fixed;
  const unknown = data.nodes.map((node) => node.op).filter((op) => op !== undefined && !Object.hasOwn(OPERATIONS, op));
  const missing = [...unknown, ...data.slopes.map(unknownOperation)].find((op) => op !== undefined);
  if (missing !== undefined) return `this page has no scalar form of ${missing}`;
  return differing(data);
}

// The page must first find the numbers that Python found: an operation of the user's may have a name of ours, and
// leaves may have been changed after the forward pass.
function differing(data) {
  const given = data.nodes.map((node) => asNumber(node.value));
  const values = computedValues(data, given);
  const wrong = data.nodes.findIndex((node, index) => !close(values[index], given[index]));
  const isWrong = (step) => step.kind === "backward" && !close(localDerivative(step, data, given), asNumber(step.local));
  const wrongStep = data.steps.findIndex(isWrong);
  if (wrong < 0 && wrongStep < 0) return null;
  const node = data.nodes[wrong < 0 ? data.steps[wrongStep].through : wrong];
  return `this page computes another value for ${node.label} (${node.op}); a leaf has changed since, or the operation is another one of that name`;
}

function close(x, y) {
  return Object.is(x, y) || Math.abs(x - y) <= 1e-9 * Math.max(Math.abs(x), Math.abs(y)) || (Number.isNaN(x) && Number.isNaN(y));
}
