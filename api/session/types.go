package session

import (
	"time"

	"bystander/api/actor"
)

// Answer says who is signed in, and how one can sign in.
type Answer struct {
	Known        bool         `json:"known" doc:"Whether somebody acts here who holds roles"`
	ID           string       `json:"id" doc:"The account's id; empty when nobody is signed in"`
	Name         string       `json:"name" doc:"What colleagues see"`
	Roles        []actor.Role `json:"roles" nullable:"false"`
	Enrollee     string       `json:"enrollee" doc:"Of a subject: the enrolled person that they are"`
	Via          string       `json:"via" enum:",session,token,local" doc:"How they proved who they are; local: nobody has to on this machine"`
	CSRF         string       `json:"csrf" doc:"Send it back as X-Bystander-CSRF with every POST, PUT, PATCH and DELETE; empty when not needed"`
	Expires      *time.Time   `json:"expires,omitempty" doc:"When the session ends unless it is used"`
	SecondFactor Factor       `json:"second_factor"`
	Demo         bool         `json:"demo" doc:"Whether this is a demonstration, where POST /v1/demo/act-as works"`
	SignIn       Ways         `json:"sign_in"`
}

// Factor says how the second factor stands.
type Factor struct {
	Needed   bool `json:"needed" doc:"Whether it has to be given, or set up, before anything else"`
	Enrolled bool `json:"enrolled" doc:"Whether the account has one"`
	// Recent tells whether what asks for it anew will be answered now.
	Recent bool `json:"recent" doc:"Whether one was given within the last quarter of an hour, as exports and learning a name need; otherwise they answer 403 with the code STEP_UP"`
}

// Ways are the ways to sign in here.
type Ways struct {
	Required bool       `json:"required" doc:"Whether anybody has to sign in at all"`
	Password bool       `json:"password"`
	Passkey  bool       `json:"passkey" doc:"Not at an IP address: browsers bind passkeys to names"`
	Setup    bool       `json:"setup" doc:"Whether there is no administrator yet: open the link that the program printed at its start. Told to nobody who is signed in"`
	OIDC     []Provider `json:"oidc" nullable:"false"`
}

// Provider is somebody else who vouches for people.
type Provider struct {
	ID    string `json:"id"`
	Label string `json:"label"`
}
