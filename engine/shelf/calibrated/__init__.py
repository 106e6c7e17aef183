"""The calibrated profile: counts against a factored expectation, with the chance of every case."""

from engine.kernels.causes import Course as Course
from engine.shelf.calibrated.causes import diagnose as diagnose
from engine.shelf.calibrated.chance import Chances as Chances
from engine.shelf.calibrated.chance import report as report
from engine.shelf.calibrated.course import course as course
from engine.shelf.calibrated.detect import detect as detect
from engine.shelf.calibrated.detectability import detectability as detectability
from engine.shelf.calibrated.events import Excluded as Excluded
from engine.shelf.calibrated.events import end_notices as end_notices
from engine.shelf.calibrated.events import ended_on as ended_on
from engine.shelf.calibrated.events import exclude as exclude
from engine.shelf.calibrated.expect import Demand as Demand
from engine.shelf.calibrated.expect import expect as expect
from engine.shelf.calibrated.feedback import Recalibration as Recalibration
from engine.shelf.calibrated.feedback import learn as learn
from engine.shelf.calibrated.findings import expectations as expectations
from engine.shelf.calibrated.findings import findings as findings
from engine.shelf.calibrated.measure import measure as measure
from engine.shelf.calibrated.method import Calibrated as Calibrated
from engine.shelf.calibrated.null import null_distribution as null_distribution
from engine.shelf.calibrated.recommend import recommend as recommend
from engine.shelf.calibrated.response import Response as Response
from engine.shelf.calibrated.response import price_response as price_response
from engine.shelf.calibrated.transfer import transfers as transfers
from engine.shelf.calibrated.transfer import with_transfers as with_transfers
from engine.shelf.calibrated.unusual import notices as notices
