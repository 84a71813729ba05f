package accounts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"bystander/api/actor"
)

// Person returns the account of an enrolled person, through which they see what
// is kept of them; it is made when there is none yet. Nobody signs in to it but
// by the code on the person's receipt.
func (s *Store) Person(ctx context.Context, enrollee string) (Account, error) {
	id := personID(enrollee)
	_, err := s.Add(ctx, NewAccount{ID: id, Name: "Enrolled person", Roles: []actor.Role{actor.Subject}, State: Active, Enrollee: enrollee})
	if err != nil && !errors.Is(err, ErrExists) {
		return Account{}, err
	}
	return s.Get(ctx, id)
}

// personID names a person's account. It stands in logs that outlive them, so it
// must not lead back to them: enrollees' ids are random, and cannot be found
// from it.
func personID(enrollee string) string {
	h := sha256.Sum256([]byte("bystander/accounts/person/v1\x00" + enrollee))
	return "person-" + hex.EncodeToString(h[:10])
}
