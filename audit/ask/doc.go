// Package ask holds the questions that auditors put to the log (REQUIREMENTS
// section 6), each by name, with parameters and one query text for both stores.
//
// A question's answer is a table. Some questions are checks: their table lists
// what should not be, so an empty one is good news, and Answer.Holds says so.
//
// Answers hold pseudonyms and hashes, never a name. Whoever shows one to a
// person writes an access record first.
package ask
