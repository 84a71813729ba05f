package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"bystander/internal/av"
	"bystander/internal/capacity"
	"bystander/internal/config"
	"bystander/internal/frame"
	"bystander/internal/logx"
)

// measuredSize is the size that unit costs are measured at.
var measuredSize = frame.Size{W: 1280, H: 720}

// measuredLooks is how many looks of each kind are measured.
const measuredLooks = 24

// measureUnits measures what this machine takes and puts it into the table.
// What it cannot measure stays as it was.
func measureUnits(ctx context.Context, base capacity.Units, stderr io.Writer) (capacity.Units, error) {
	log, err := logx.New(stderr, "error", "console")
	if err != nil {
		return base, err
	}
	clip, err := speedClip()
	if err != nil {
		return base, err
	}
	o := SpeedOptions{In: clip, Size: measuredSize.String(), Stderr: stderr, Stdout: io.Discard}
	cam, file, err := scaled(ctx, o, measuredSize, log)
	if err != nil {
		return base, err
	}
	defer cam.Close() //nolint:errcheck // the simulated camera
	cfg := config.Default()
	eyes, err := openEyes(ctx, cfg, 1, log)
	if err != nil {
		return base, err
	}
	defer eyes.close() //nolint:errcheck // nothing depends on it at the end
	rep, err := (&speedMeter{o: o, cfg: cfg, eyes: eyes, log: log, file: file}).offline(ctx)
	if err != nil {
		return base, err
	}
	mega := float64(measuredSize.W*measuredSize.H) / 1e6
	v := map[string]float64{
		capacity.Guard: rep.ByStage["guard"] / mega, capacity.Cover: rep.ByStage["cover"] / mega,
		capacity.Encode: rep.ByStage["encode"] / mega, capacity.Follow: rep.ByStage["track"],
	}
	pictures, decode, err := measureDecode(file)
	if err != nil {
		return base, err
	}
	v[capacity.Decode] = decode / mega
	if err := measureLooks(ctx, eyes, pictures, v); err != nil {
		return base, err
	}
	if v[capacity.EventCPU], v[capacity.EventKafka], err = measureEvents(); err != nil {
		return base, err
	}
	return base.With(time.Now().UTC().Format("2006-01-02 15:04"), thisMachine(), "bystander plan --measure, "+rep.In+" at "+measuredSize.String(), v), nil
}

// measureDecode returns a few pictures of a file, spread over it, and the
// processor time of decoding one, in ms.
func measureDecode(file string) (pictures []frame.Planes, each float64, err error) {
	d, err := av.OpenFile(file)
	if err != nil {
		return nil, 0, err
	}
	defer d.Close()
	dec, err := av.NewDecoder(av.DecoderConfig{Params: d.Params(), Threads: 1})
	if err != nil {
		return nil, 0, err
	}
	defer dec.Close()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var n int
	var spent time.Duration
	const most, every = 250, 25
	for n < most {
		p, err := d.ReadPacket()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, 0, err
		}
		from := threadTime()
		err = dec.Send(p)
		for err == nil {
			var pic *av.Picture
			if pic, err = dec.Receive(); err != nil {
				break
			}
			if n++; n%every == 1 {
				spent += threadTime() - from
				size := pic.Size()
				mine := frame.PlanesOver(make([]byte, size.Bytes()), size)
				if cerr := pic.CopyTo(mine); cerr != nil {
					return nil, 0, cerr
				}
				pictures = append(pictures, mine)
				from = threadTime()
			}
		}
		spent += threadTime() - from
		if !errors.Is(err, av.ErrAgain) {
			return nil, 0, err
		}
	}
	if n == 0 {
		return nil, 0, fmt.Errorf("%s: no picture could be decoded", file)
	}
	return pictures, millis(spent) / float64(n), nil
}

// measureLooks measures looks for faces and for people, in ms of processor time.
func measureLooks(ctx context.Context, e *eyes, pictures []frame.Planes, v map[string]float64) error {
	clock := &stopwatch{}
	mine, leave, err := e.of("measure", 0, clock)
	if err != nil {
		return err
	}
	defer leave()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for i := range measuredLooks {
		if i == len(pictures) { // the first round was for warming up
			clock = &stopwatch{}
			if mine, leave, err = e.of("measure", 0, clock); err != nil {
				return err
			}
			defer leave()
		}
		p := pictures[i%len(pictures)]
		if mine.faces != nil {
			lap := clock.start(stageFaces)
			_, err = mine.faces.DetectFaces(ctx, p, nil)
			lap.stop()
		}
		if err == nil && mine.persons != nil {
			lap := clock.start(stagePersons)
			_, err = mine.persons.DetectPersons(ctx, p, nil)
			lap.stop()
		}
		if err != nil {
			return err
		}
	}
	n := float64(measuredLooks - min(len(pictures), measuredLooks-1))
	v[capacity.Faces], v[capacity.Persons] = millis(clock.total(stageFaces))/n, millis(clock.total(stagePersons))/n
	return nil
}

// thisMachine describes the processors.
func thisMachine() string {
	name := "processor unknown"
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
				name = strings.TrimSpace(v)
				break
			}
		}
	}
	return fmt.Sprintf("%d cores, %s", runtime.NumCPU(), name)
}
