"""Pages of the day and after: the door, the kitchen, the workshop, the summary."""
