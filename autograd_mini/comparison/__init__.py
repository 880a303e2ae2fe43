"""Hand-derived gradients against automatic ones: verdicts, witnesses, and the mistake that was made."""

from autograd_mini.comparison.comparing import compare as compare
from autograd_mini.comparison.exercises import exercise as exercise
from autograd_mini.comparison.findings import KINDS as KINDS
from autograd_mini.comparison.findings import Finding as Finding
from autograd_mini.comparison.functions import compare_functions as compare_functions
from autograd_mini.comparison.report import ComparisonError as ComparisonError
from autograd_mini.comparison.report import Grade as Grade
from autograd_mini.comparison.report import Mark as Mark
from autograd_mini.comparison.report import Report as Report
from autograd_mini.comparison.report import Row as Row
from autograd_mini.comparison.rules import RuleReport as RuleReport
from autograd_mini.comparison.rules import RuleRow as RuleRow
from autograd_mini.comparison.rules import compare_rules as compare_rules
from autograd_mini.comparison.updates import compare_update as compare_update
