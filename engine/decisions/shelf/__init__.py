"""What is decided on the cases of a night, and what stores answer: tasks, answers, accuracy, recovery."""
