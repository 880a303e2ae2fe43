// Numbers as text, as in the drawing: four significant digits, the text of Python's format(x, ".4g").

function number(x) {
  if (typeof x === "boolean") return x ? "True" : "False";
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  if (x === 0) return "0"; // also -0
  return (x < 0 ? "-" : "") + positiveNumber(Math.abs(x));
}

function positiveNumber(x) {
  const [digits, exponent] = rounded(x);
  if (exponent >= -4 && exponent < 4) return trimmed(Number(`${digits}e${exponent}`).toFixed(3 - exponent));
  const size = String(Math.abs(exponent)).padStart(2, "0");
  return `${trimmed(digits)}e${exponent < 0 ? "-" : "+"}${size}`;
}

// The four digits ("1.234") and the exponent of ten. toExponential rounds a tie up, Python to the even digit.
function rounded(x) {
  const [digits, exponent] = x.toExponential(3).split("e");
  const last = Number(digits.at(-1));
  const isTie = /^\d\.\d{3}50*e/.test(x.toExponential(100));
  return [isTie && last % 2 ? digits.slice(0, -1) + (last - 1) : digits, Number(exponent)];
}

function trimmed(digits) {
  return digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
}
