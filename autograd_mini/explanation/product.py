"""Arithmetic of entries as one product: a number times powers of factors, where common factors meet and cancel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce

from autograd_mini.formula import Apply, Expression, Number
from autograd_mini.formula.expression import ONE, entrywise

LARGEST = 80
"""Nodes of an expression that is still rewritten."""

_MOST_TERMS = 12
_LONGEST_DENOMINATOR = 100
_ARITHMETIC = frozenset({"add", "subtract", "negative", "multiply", "divide", "power"})


@dataclass(frozen=True)
class Product:
    """A number times factors to whole powers; a factor is an expression that is no product itself."""

    number: Fraction = Fraction(1)
    powers: Mapping[Expression, int] = field(default_factory=dict)

    def __mul__(self, other: Product) -> Product:
        powers = dict(self.powers)
        for factor, exponent in other.powers.items():
            powers[factor] = powers.get(factor, 0) + exponent
        return Product(self.number * other.number, {x: n for x, n in powers.items() if n})

    def __pow__(self, exponent: int) -> Product:
        return Product(self.number**exponent, {x: n * exponent for x, n in self.powers.items()})


class _UnsuitableError(Exception):
    """The expression is better left as it is."""


def shortened(e: Expression) -> Expression:
    """The expression with its terms collected and common factors cancelled, if that has fewer nodes.

    >>> from autograd_mini.formula import Name, as_text
    >>> s, t = Name("s"), Name("t")
    >>> slope = Apply("subtract", (Apply("divide", (t, s)), Apply("divide", (t, s))))
    >>> as_text(shortened(Apply("add", (slope, Apply("divide", (Apply("multiply", (s, t)), t))))))
    's'
    """
    if not isinstance(e, Apply) or e.op_name not in _ARITHMETIC or e.size > LARGEST:
        return e
    try:
        found = written(_product(e))
    except _UnsuitableError:
        return e
    return found if _better(found, e) else e


def _better(found: Expression, e: Expression) -> bool:
    return found.size < e.size and (None in (found.shape, e.shape) or found.shape == e.shape)


# ------------------------------------------------------------------------------------------------------- reading


def _product(e: Expression) -> Product:
    """An expression as a product; its depth is bounded by its size."""
    if isinstance(e, Number):
        return _of_number(e)
    read = _READ.get(e.op_name) if isinstance(e, Apply) else None
    return read(e) if read is not None and isinstance(e, Apply) else Product(powers={e: 1})


def _of_number(e: Number) -> Product:
    try:
        return Product(Fraction(e.value))
    except (ValueError, OverflowError):
        raise _UnsuitableError from None


def _multiplied(e: Apply) -> Product:
    return _product(e.arguments[0]) * _product(e.arguments[1])


def _divided(e: Apply) -> Product:
    divisor = _product(e.arguments[1])
    if not divisor.number:
        raise _UnsuitableError
    return _product(e.arguments[0]) * divisor**-1


def _power(e: Apply) -> Product:
    base, exponent = e.arguments
    if isinstance(exponent, Number) and exponent.value in (2, 3):
        return _product(base) ** int(exponent.value)
    return Product(powers={e: 1})


def _negated(e: Apply) -> Product:
    return _product(e.arguments[0]) * Product(Fraction(-1))


def _sum(e: Apply) -> Product:
    sign = Product(Fraction(-1 if e.op_name == "subtract" else 1))
    return _added([_product(e.arguments[0]), _product(e.arguments[1]) * sign])


def _repeated(e: Apply) -> Product:
    return _product(e.arguments[0])


_READ = {
    "multiply": _multiplied,
    "divide": _divided,
    "power": _power,
    "negative": _negated,
    "add": _sum,
    "subtract": _sum,
    "broadcast_to": _repeated,
}


# ------------------------------------------------------------------------------------------------------- adding


def _added(terms: Sequence[Product]) -> Product:
    """A sum: what the terms have in common, times the sum of what is left of them, written out."""
    common = _common([term for term in terms if term.number])
    rest = [term * common**-1 for term in terms]
    collected = _collected(monomial for term in rest for monomial in _expanded(term))
    if not collected:
        return Product(Fraction(0))
    inner = _common(collected)
    left = [term * inner**-1 for term in collected]
    if len(left) == 1:
        return common * inner * left[0]
    sign = Product(Fraction(1 if any(term.number > 0 for term in left) else -1))
    return common * inner * sign * Product(powers={_as_sum([term * sign for term in left]): 1})


def _common(terms: Sequence[Product]) -> Product:
    """Factors that all terms have, and divisors that any has; the number, if it is the same up to sign."""
    if not terms:
        return Product()
    factors = dict.fromkeys(factor for term in terms for factor in term.powers)
    powers = {factor: min(term.powers.get(factor, 0) for term in terms) for factor in factors}
    sizes = {abs(term.number) for term in terms}
    number = sizes.pop() if len(sizes) == 1 else Fraction(1)
    return Product(number, {factor: n for factor, n in powers.items() if n})


def _expanded(term: Product) -> list[Product]:
    """A product as a sum of products in which no factor is a sum."""
    sums = [(x, n) for x, n in term.powers.items() if n > 0 and isinstance(x, Apply) and x.op_name in _SUMS]
    plain = Product(term.number, {x: n for x, n in term.powers.items() if (x, n) not in sums})
    factors = [_terms(x) for x, n in sums for _ in range(n)]
    return reduce(_all_products, factors, [plain])


def _all_products(left: Sequence[Product], right: Sequence[Product]) -> list[Product]:
    if len(left) * len(right) > _MOST_TERMS:
        raise _UnsuitableError
    return [x * y for x in left for y in right]


def _terms(e: Expression) -> list[Product]:
    """The summands of a sum."""
    if isinstance(e, Apply) and e.op_name in _SUMS:
        sign = Product(Fraction(-1 if e.op_name == "subtract" else 1))
        return [*_terms(e.arguments[0]), *[term * sign for term in _terms(e.arguments[1])]]
    return [_product(e)]


_SUMS = ("add", "subtract")


def _collected(terms: Iterable[Product]) -> list[Product]:
    """Terms that differ in their number only become one; those of number 0 go."""
    numbers: dict[frozenset[tuple[Expression, int]], Fraction] = {}
    powers: dict[frozenset[tuple[Expression, int]], Mapping[Expression, int]] = {}
    for term in terms:
        key = frozenset(term.powers.items())
        powers.setdefault(key, term.powers)
        numbers[key] = numbers.get(key, Fraction(0)) + term.number
    return [Product(numbers[key], powers[key]) for key in powers if numbers[key]]


def _as_sum(terms: Sequence[Product]) -> Expression:
    """Positive terms first, else in their order."""
    ordered = sorted(terms, key=lambda term: term.number < 0)
    return reduce(_plus, map(written, ordered))


def _plus(total: Expression, term: Expression) -> Expression:
    if isinstance(term, Apply) and term.op_name == "negative":
        return entrywise("subtract", total, term.arguments[0])
    if isinstance(term, Number) and term.value < 0:
        return entrywise("subtract", total, Number(-term.value))
    return entrywise("add", total, term)


# ------------------------------------------------------------------------------------------------------- writing


def written(product: Product) -> Expression:
    """A product as an expression: number, scalars and arrays over the divisors, the sign in front.

    >>> from autograd_mini.formula import Name, as_text
    >>> as_text(written(Product(Fraction(-2, 3), {Name("x"): 2, Name("N"): -1})))
    '−2·x² / (3·N)'
    """
    if not product.number:
        return Number(0)
    above, below = _fraction(abs(product.number))
    upper = _factors(above, [(x, n) for x, n in product.powers.items() if n > 0])
    lower = _factors(below, [(x, -n) for x, n in product.powers.items() if n < 0])
    found = upper if lower == ONE else entrywise("divide", upper, lower)
    if product.number > 0:
        return found
    return Number(-found.value) if isinstance(found, Number) else entrywise("negative", found)


def _fraction(number: Fraction) -> tuple[float, float]:
    """A number as a quotient, or as one number if that is shorter."""
    if number.denominator > _LONGEST_DENOMINATOR:
        return float(number), 1
    return number.numerator, number.denominator


def _factors(number: float, powers: Sequence[tuple[Expression, int]]) -> Expression:
    parts = [*_as_factors(number), *[x if n == 1 else entrywise("power", x, Number(n)) for x, n in _ordered(powers)]]
    return reduce(lambda x, y: entrywise("multiply", x, y), parts) if parts else ONE


def _as_factors(number: float) -> Iterator[Number]:
    if number != 1:
        yield Number(number)


def _ordered(powers: Sequence[tuple[Expression, int]]) -> list[tuple[Expression, int]]:
    """Scalars before arrays."""
    return sorted(powers, key=lambda pair: pair[0].shape != ())
