package worker

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"bystander/ingest"
	"bystander/ingest/internal/wire"
	"bystander/internal/av"
)

// cardRest is how long no card decodes after a worker died that was allowed one: the
// card's driver runs in that process and may have ended it.
const cardRest = time.Minute

// A card's files are those of NVIDIA's driver by which programs compute and decode.
// Others beside them set screens, or cut a card into parts.
var (
	oneCard  = regexp.MustCompile(`^nvidia[0-9]+$`)
	cardFile = regexp.MustCompile(`^nvidia([0-9]+|ctl|-uvm|-uvm-tools)$`)
)

// cardReads is what NVIDIA's driver reads as it starts, and where some containers
// keep its libraries. None of it tells of a person.
var cardReads = []string{
	"/proc/driver/nvidia", "/proc/driver/nvidia-uvm", "/proc/devices", "/sys/devices/system/node", "/usr/local/nvidia",
}

// cardFiles are the device files in a folder; none without a card itself.
func cardFiles(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // there is no card, as far as anybody can see
	}
	var out []string
	some := false
	for _, e := range entries {
		if cardFile.MatchString(e.Name()) && !e.IsDir() {
			out = append(out, filepath.Join(dir, e.Name()))
			some = some || oneCard.MatchString(e.Name())
		}
	}
	if !some {
		return nil
	}
	return out
}

// card is what one session's worker may use besides the processor.
type card struct {
	hw    av.Hardware
	files []string // open to the worker
	why   string   // why the card rests
}

// card decides for the session that begins. Without the option, or without device
// files, a worker is held as it always is.
func (s *Source) chooseCard(now time.Time) card {
	hw := s.opt.Hardware
	if hw == av.HardwareNone {
		return card{}
	}
	s.mu.Lock()
	rest, why := s.cardRest, s.cardWhy
	s.mu.Unlock()
	if now.Before(rest) {
		return card{why: why}
	}
	files := cardFiles(s.opt.Devices)
	if hw == av.HardwareAuto && len(files) == 0 {
		return card{}
	}
	return card{hw: hw, files: files}
}

// noteEnd lets the card rest when a worker that was allowed one died.
func (s *Source) noteEnd(c card, err error, now time.Time) {
	var trouble *ingest.Error
	if c.hw == av.HardwareNone || !errors.As(err, &trouble) || trouble.Code != ingest.CodeWorkerDied {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cardRest, s.cardWhy = now.Add(cardRest), "its worker died while a card was allowed: "+trouble.Text
}

// noteDecoder takes over who decodes, by the worker's account, and says it once in
// the log until it changes.
func (s *Source) noteDecoder(c card, m wire.State) {
	by, why := ingest.PlainText(m.Decoder, 32), ingest.PlainText(m.NoCard, wire.MaxText)
	if c.why != "" {
		by, why = ingest.DecoderSoftware, c.why
	}
	s.mu.Lock()
	same := s.health.Decoder == by && s.health.NoCard == why
	s.health.Decoder, s.health.NoCard = by, why
	s.mu.Unlock()
	switch {
	case same || by == "":
	case why != "":
		s.opt.Log.Warn().Str("component", "decode").Str("decoder", by).Str("reason", why).
			Msg("the card that decode.hardware asks for does not decode this camera")
	default:
		s.opt.Log.Info().Str("component", "decode").Str("decoder", by).Msg("decoder chosen")
	}
}
