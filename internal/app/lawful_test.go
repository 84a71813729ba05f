package app

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/policy"
	"bystander/redact"
)

func TestASceneCanOnlyWidenMasks(t *testing.T) {
	site := policy.SampleSite(time.Now(), policy.SampleCamera{ID: "gate", PlaceType: "gate", Match: true})
	l := &lawful{}
	l.put(site)
	scene := policy.SampleScene("gate")
	head, person := redact.DefaultConfig(), redact.DefaultConfig()
	person.Coverage = redact.CoverPerson

	require.Equal(t, redact.CoverHead, l.stricter(head, scene).Coverage)
	site.Scenes[0].Coverage = "person"
	require.Equal(t, redact.CoverPerson, l.stricter(head, scene).Coverage)
	require.Equal(t, redact.CoverHead, l.stricter(head, "another").Coverage)
	site.Scenes[0].Coverage = "head"
	require.Equal(t, redact.CoverPerson, l.stricter(person, scene).Coverage, "what was configured stays")
	require.Equal(t, redact.CoverHead, (&lawful{}).stricter(head, scene).Coverage)
}
