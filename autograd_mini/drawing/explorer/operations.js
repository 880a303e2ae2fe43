// The elementary operations on numbers, by the names that they have in Python. Derivatives are none of this page's
// business: they come with the data, as trees of these operations.

// As NumPy has them where JavaScript differs.
const power = (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y);
const isNegative = (x) => x < 0 || Object.is(x, -0);
const sigmoid = (x) => (x >= 0 ? 1 : Math.exp(-Math.abs(x))) / (1 + Math.exp(-Math.abs(x)));
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const between = (low, x, high) => Math.min(Math.max(x, low), high);
const truth = (test) => (...operands) => Number(test(...operands));

function remainder(x, y) {
  const rest = x % y;
  if (rest === 0) return isNegative(y) ? -0 : 0;
  return rest < 0 !== y < 0 ? rest + y : rest;
}

function floorDivide(x, y) {
  if (y === 0) return x / y;
  const rest = x % y;
  const quotient = (x - rest) / y - (rest !== 0 && rest < 0 !== y < 0 ? 1 : 0);
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

function roundToEven(x) {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 ? floor + 1 : floor;
}

function addedExponentials(x, y) {
  return x === y ? x + Math.LN2 : Math.max(x, y) + Math.log1p(Math.exp(-Math.abs(x - y)));
}

function addedPowersOfTwo(x, y) {
  return x === y ? x + 1 : Math.max(x, y) + Math.log1p(2 ** -Math.abs(x - y)) / Math.LN2;
}

const OPERATIONS = {
  add: (x, y) => x + y,
  subtract: (x, y) => x - y,
  multiply: (x, y) => x * y,
  divide: (x, y) => x / y,
  negative: (x) => -x,
  positive: (x) => x,
  power,
  square: (x) => x * x,
  reciprocal: (x) => 1 / x,
  floor_divide: floorDivide,
  remainder,
  fmod: (x, y) => x % y,
  sqrt: Math.sqrt,
  cbrt: Math.cbrt,
  exp: Math.exp,
  exp2: (x) => 2 ** x,
  expm1: Math.expm1,
  log: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  log1p: Math.log1p,
  logaddexp: addedExponentials,
  logaddexp2: addedPowersOfTwo,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  arcsin: Math.asin,
  arccos: Math.acos,
  arctan: Math.atan,
  arctan2: Math.atan2,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  arcsinh: Math.asinh,
  arccosh: Math.acosh,
  arctanh: Math.atanh,
  hypot: Math.hypot,
  sigmoid,
  softplus,
  log_sigmoid: (x) => -softplus(-x),
  relu: (x) => Math.max(x, 0),
  relu6: (x) => between(0, x, 6),
  hard_tanh: (x) => between(-1, x, 1),
  hard_silu: (x) => (x <= -3 ? 0 : x) * between(0, x / 6 + 0.5, 1),
  leaky_relu: (x, { negative_slope }) => (x > 0 ? x : negative_slope * x),
  elu: (x, { alpha }) => (x > 0 ? x : alpha * Math.expm1(Math.min(x, 0))),
  softsign: (x) => x / (1 + Math.abs(x)),
  absolute: Math.abs,
  sign: Math.sign,
  copysign: (x, y) => (isNegative(x) === isNegative(y) ? x : -x),
  heaviside: (x, y) => (x === 0 ? y : x > 0 ? 1 : Number.isNaN(x) ? x : 0),
  maximum: Math.max,
  minimum: Math.min,
  fmax: (x, y) => (Number.isNaN(x) ? y : Number.isNaN(y) ? x : Math.max(x, y)),
  fmin: (x, y) => (Number.isNaN(x) ? y : Number.isNaN(y) ? x : Math.min(x, y)),
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  rint: roundToEven,
  deg2rad: (x) => x * (Math.PI / 180),
  rad2deg: (x) => x * (180 / Math.PI),
  where: (condition, x, y) => (condition !== 0 ? x : y),
  stop_gradient: (x) => x,
  equal: truth((x, y) => x === y),
  not_equal: truth((x, y) => x !== y),
  less: truth((x, y) => x < y),
  less_equal: truth((x, y) => x <= y),
  greater: truth((x, y) => x > y),
  greater_equal: truth((x, y) => x >= y),
  logical_and: truth((x, y) => x !== 0 && y !== 0),
  logical_or: truth((x, y) => x !== 0 || y !== 0),
  logical_xor: truth((x, y) => (x !== 0) !== (y !== 0)),
  logical_not: truth((x) => x === 0),
  isnan: truth(Number.isNaN),
  isfinite: truth(Number.isFinite),
  isinf: truth((x) => Math.abs(x) === Infinity),
  signbit: truth(isNegative),
};

// A number of the data: what JSON has no number for is a string there ("nan", "inf", "-inf").
function asNumber(x) {
  return typeof x === "string" ? Number(x.replace("inf", "Infinity")) : Number(x);
}

// The value of a tree: ["number", 2], ["name", "x0"], or an operation with its arguments and, last, its settings.
function evaluate(tree, names) {
  const [head, ...rest] = tree;
  if (head === "number") return asNumber(rest[0]);
  if (head === "name") return names[rest[0]];
  return OPERATIONS[head](...rest.map((part) => (Array.isArray(part) ? evaluate(part, names) : part)));
}

// The first operation of a tree that is not in the table, or undefined.
function unknownOperation([head, ...rest]) {
  if (head === "number" || head === "name") return undefined;
  if (!Object.hasOwn(OPERATIONS, head)) return head;
  return rest.filter(Array.isArray).map(unknownOperation).find(Boolean);
}
