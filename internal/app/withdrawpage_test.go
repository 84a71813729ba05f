package app

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/testkit/browser"
)

// Somebody who was enrolled at the kiosk is shown clear on the live picture. They
// open their own page with the code of their receipt, in a real browser, press
// "Withdraw" once, and are masked within the bound.
//
// proves: A-38, B-48, INV-4
func TestWithdrawingOnOnesOwnPageMasks(t *testing.T) {
	if testing.Short() {
		t.Skip("plays a stream for a minute")
	}
	s := beginStory(t)
	s.eventually("pictures flow", func() bool { _, n := s.out.seen(); return n > 50 })
	s.theVenueIsRegistered()
	s.theZoneIsPlannedAndWalked()
	s.theNoticeIsPublishedByTwo()
	s.theSceneIsAssessedAndEnabled()
	s.theZoneGoesLive()
	s.aGuestEnrolsAtTheKiosk()
	s.shown()

	code := s.does("kim", "POST", "/v1/enrollees/"+s.enrollee+"/code", nil)["code"].(string)
	page := browser.Open(t, s.url+"/me#code="+code)
	page.Eval(`
		window.until = async (what, f) => {
			for (const end = Date.now() + 20000; Date.now() < end; await new Promise((r) => setTimeout(r, 50))) {
				const v = f();
				if (v) return v;
			}
			throw new Error('waited in vain for ' + what + ': ' + document.body.innerText.slice(0, 400));
		};
		await until('the consents', () => document.querySelectorAll('.me-card').length === 3);
		if (location.hash || document.cookie) throw new Error('the code or the session is where a script reads it');`, nil)

	took := s.lasts(reaches, func() {
		page.Eval(`
			const card = [...document.querySelectorAll('.me-card')].find((c) => /Recognition|人脸识别/.test(c.querySelector('h3').textContent));
			card.querySelector(':scope > .actions button').click();
			await until('the confirmation', () => document.querySelector('.me-said').textContent);`, nil)
	})
	t.Logf("withdrawn on their own page: the last clear picture left %v after the press", took)
	require.LessOrEqual(t, took, reaches)

	// What rested on recognition ended with it, and pictures flow on without anybody clear.
	var states []string
	page.Eval(`
		await until('the end', () => document.querySelectorAll('.me-past .me-card').length === 3);
		return [...document.querySelectorAll('.me-past .chip')].map((c) => c.textContent);`, &states)
	require.Len(t, states, 3)
	compared := counted(t, s.e, "bystander_match_comparisons_total")
	since := time.Now()
	_, n := s.out.seen()
	s.eventually("pictures flow", func() bool { _, m := s.out.seen(); return m > n+40 })
	clear, _ := s.out.seen()
	require.True(t, clear.Before(since), "nobody is clear any more")
	require.InDelta(t, compared, counted(t, s.e, "bystander_match_comparisons_total"), 0, "nobody is compared any more")
}
