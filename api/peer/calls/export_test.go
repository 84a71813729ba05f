package calls

// CheckAnswer is checkAnswer.
func CheckAnswer(answer string) error { return checkAnswer(answer) }
