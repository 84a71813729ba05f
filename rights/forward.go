package rights

import (
	"context"
	"fmt"
	"strings"
)

// Forwarded is a request that somebody else received and passes on: the seven
// fields and three proofs of B-18. It can be sent as a form or as an e-mail, which
// Mail writes.
type Forwarded struct {
	Title     string `json:"title" maxLength:"200"`
	Sender    string `json:"sender" maxLength:"400" doc:"Who passes it on, and how to reach them"`
	Product   string `json:"product" maxLength:"200"`
	Component string `json:"component" maxLength:"200"`
	RequestID string `json:"request_id" maxLength:"100" doc:"By which the data can be found"`
	Scope     string `json:"data_scope" maxLength:"2000"`
	Right     string `json:"right" enum:"access,copy,transfer,correct,supplement,erase,withdraw,cancel_account,restrict,object,explain,refuse_automated,confidentiality,deceased_kin"`
	Deadline  string `json:"deadline" maxLength:"40" doc:"By when the sender must answer, as a date"`
	Help      string `json:"help_sought" maxLength:"2000"`
	Language  string `json:"language" enum:"en,zh-CN"`
	// What is enclosed, by reference; the papers themselves are not stored.
	ProofOfEntity   string `json:"proof_of_entity" maxLength:"400"`
	ProofOfContract string `json:"proof_of_contract" maxLength:"400"`
	ProofOfIdentity string `json:"proof_of_identity" maxLength:"400"`
}

// fields lists the form's fields in order, by the name that a message gives.
func (f Forwarded) fields() [][2]string {
	return [][2]string{
		{"title", f.Title},
		{"sender", f.Sender},
		{"product", f.Product},
		{"component", f.Component},
		{"request_id", f.RequestID},
		{"data_scope", f.Scope},
		{"right", f.Right},
		{"deadline", f.Deadline},
		{"help_sought", f.Help},
		{"proof_of_entity", f.ProofOfEntity},
		{"proof_of_contract", f.ProofOfContract},
		{"proof_of_identity", f.ProofOfIdentity},
	}
}

// Check names the first field that is missing.
func (f Forwarded) Check() error {
	for _, p := range f.fields() {
		if strings.TrimSpace(p[1]) == "" {
			return field(p[0], "is missing; the form asks for every field and all three proofs")
		}
		if err := checkText(p[0], p[1], 2000); err != nil {
			return err
		}
	}
	return nil
}

// Mail writes the form as the text of an e-mail.
func (f Forwarded) Mail() string {
	var b strings.Builder
	for _, p := range f.fields() {
		fmt.Fprintf(&b, "%s: %s\n", p[0], strings.ReplaceAll(p[1], "\n", "\n    "))
	}
	return b.String()
}

// SubmitForwarded takes a forwarded request. It waits for verification like any
// other.
func (s *Service) SubmitForwarded(ctx context.Context, f Forwarded) (Receipt, error) {
	if err := f.Check(); err != nil {
		return Receipt{}, err
	}
	text := f.Mail()
	if len(text) > maxWords {
		return Receipt{}, field("help_sought", "the form is too long as a whole; shorten it to %d bytes", maxWords)
	}
	return s.Submit(ctx, Submission{Type: Type(f.Right), Text: text, Language: f.Language, Contact: f.Sender})
}
