// Package consent is how people say yes and no: notices with their texts, the
// acts by which a consent is given, renewed and withdrawn, guardians, the
// intervals between questions, imports, and the receipts that a third party can
// check. It decides nothing about pictures; package policy's gate does, from the
// consents that stand.
//
// Consents and enrollees live in policy.Store; what only this package needs lies
// in a database of its own (DB). Whatever changes a consent, a receipt and an
// event follow from the stored history (Service.Settle), so that neither is
// missed when the change came from another part of the program, or when the
// machine stopped in between.
package consent
