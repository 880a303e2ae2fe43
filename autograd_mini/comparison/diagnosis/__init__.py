"""Which mistake was made in a gradient derived by hand: hypotheses, each tried on the graph itself.

The kinds, and what each says of the student's numbers:

| kind | the numbers are |
|---|---|
| factor | the gradient, or a part of it, times a number: -1, 2, 1/2, the size of an axis, any constant |
| transposed | its transpose; or what comes of W where its transpose belongs |
| batch-sum | those of each sample, or of one alone, where the sum is asked for; or the reverse |
| broadcast-sum | not summed over the axis along which the Tensor was broadcast, or over another |
| bias | right but for the row or column of a constant 1; or those of a net without a bias |
| permuted | the rows, columns or entries in another order |
| activation-missing, activation-twice | an activation's derivative left out, replaced, or applied twice |
| pre-activation | what comes of an activation's input where its output belongs, or the reverse |
| softmax-twice, off-diagonal | what comes of softmax's derivative applied to p - y again; or of p (1 - p) alone |
| regulariser | right but for the term of a penalty: missing, scaled, or not in the loss at all |
| stale | those of other values: after an update, or old activations with new weights |
| kink | right but where the function has no single derivative |
| ddof | what comes of N for N - 1, or the reverse |
| shape | right in another shape; or of a shape that nothing explains |
| unknown | explained by none of these alone; or a way of the chain rule is missing, which is then named |
"""

from autograd_mini.comparison.diagnosis.diagnose import diagnose as diagnose
