"""What `python -m tests.mutants` changes, in the order of the specification's sections."""

from tests.mutations.actions import ACTIONS
from tests.mutations.decisions import DECISIONS
from tests.mutations.defaults import DEFAULTS
from tests.mutations.growth import GROWTH
from tests.mutations.kernels import KERNELS
from tests.mutations.mutation import Mutation
from tests.mutations.stages import STAGES

__all__ = ["MUTATIONS", "Mutation"]

MUTATIONS = (*DEFAULTS, *KERNELS, *STAGES, *ACTIONS, *DECISIONS, *GROWTH)
