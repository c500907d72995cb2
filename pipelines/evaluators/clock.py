"""When the reminder is due and when the working days have run out (E5.2)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pipelines.edges.calendar import Calendar
from pipelines.evaluators.state import Assignment
from pipelines.model.panel import PanelRules

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Clock:
    """The reading `evaluation_clock` over the working days of the calendar.

    Days are counted back from the moment asked about, as scoring does: no year is needed before it begins, and a
    moment in a year without a calendar is a Refusal that names the year.
    """

    calendar: Calendar
    rules: PanelRules
    reading: str = "reminder"

    def reminder_due(self, assignment: Assignment) -> datetime:
        """The moment from which the reminder is due."""
        return assignment.assigned_at + timedelta(hours=self.rules.after_hours)

    def starts(self, assignment: Assignment) -> date:
        """The day on which the clock starts; it does not count itself."""
        if self.reading == "assignment":
            return assignment.assigned_at.date()
        return (assignment.reminded_at or self.reminder_due(assignment)).date()

    def worked(self, assignment: Assignment, moment: datetime) -> int:
        """Full working days between the starting day and the day of ``moment``; no more than matter are counted."""
        day, count = self.starts(assignment) + DAY, 0
        while day < moment.date() and count < self.rules.working_days:
            count += self.calendar.is_working(day)
            day += DAY
        return count

    def limit(self, assignment: Assignment, moment: datetime) -> datetime | None:
        """The first instant after the last working day, None where that is after ``moment``."""
        day, left = self.starts(assignment), self.rules.working_days
        while left > 0:
            day += DAY
            if day >= moment.date():
                return None
            left -= self.calendar.is_working(day)
        return datetime.combine(day + DAY, datetime.min.time())
