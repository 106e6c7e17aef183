"""The whitespace desk: who will buy what it does not buy yet, and how well that is known.

check → panel → features → train → gauntlet → prequential → ablate → forward → rank → publish
"""
