"""Which mistake was made in a gradient derived by hand: hypotheses, each tried on the graph itself."""

from autograd_mini.comparison.diagnosis.diagnose import diagnose as diagnose
