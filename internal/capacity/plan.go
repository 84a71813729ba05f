package capacity

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// MostCameras is what a plan is made for at most.
const MostCameras = 10_000

// ErrDemand reports a demand that no plan can be made for.
var ErrDemand = errors.New("capacity: demand")

// Profile is how much goes on before a camera.
type Profile struct {
	Name string `json:"name"`
	Help string `json:"help"`
	// Looks is the part of the configured looks that are made: looks are rarer
	// where everybody does what was expected.
	Looks float64 `json:"looks"`
	// Bits multiplies the video's bit rate, Events the events.
	Bits   float64 `json:"bits"`
	Events float64 `json:"events_per_second"`
}

// Profiles are the ones that --profile takes.
func Profiles() []Profile {
	return []Profile{
		{"quiet", "corridors, car parks, nights: people now and then", 0.6, 0.5, 0.02},
		{"street", "a shopping street or a lobby: a few people most of the time", 1, 1, 0.2},
		{"crowd", "a station or an entrance: people all the time", 1, 1.6, 2},
	}
}

// ProfileNamed finds a profile. It fails with ErrDemand.
func ProfileNamed(name string) (Profile, error) {
	all := Profiles()
	i := slices.IndexFunc(all, func(p Profile) bool { return p.Name == name })
	if i < 0 {
		var known []string
		for _, p := range all {
			known = append(known, p.Name)
		}
		return Profile{}, fmt.Errorf("%w: --profile: %q is not one of %s", ErrDemand, name, strings.Join(known, ", "))
	}
	return all[i], nil
}

// Demand is what a deployment is to carry.
type Demand struct {
	Cameras int     `json:"cameras"`
	Profile Profile `json:"profile"`
	Width   int     `json:"width"`
	Height  int     `json:"height"`
	FPS     float64 `json:"fps"`
	// Events a second of each camera; 0 takes the profile's.
	Events        float64 `json:"events_per_second"`
	RetentionDays float64 `json:"retention_days"`     // of events in ClickHouse
	RecordingDays float64 `json:"recording_days"`     // 0 records nothing
	KafkaDays     float64 `json:"kafka_days"`         // that the bus keeps
	Replicas      int     `json:"replicas"`           // of Kafka's partitions and ClickHouse's rows
	Viewers       int     `json:"viewers"`            // watching at once
	CoresPerNode  int     `json:"cores_per_node"`     // of an edge machine
	Fill          float64 `json:"fill"`               // part of the cores that cameras may use
	GPU           bool    `json:"gpu"`                // looks run on GPUs
	FaceEvery     int     `json:"face_every"`         // pictures
	PersonEvery   int     `json:"person_every"`       // pictures
	Hold          int     `json:"hold"`               // pictures
	NodeDisk      float64 `json:"node_disk_terabyte"` // of a ClickHouse node
}

// Check names every fault with its flag. It fails with ErrDemand.
func (d Demand) Check() error {
	var errs []error
	in := func(flag string, v, lo, hi float64) {
		if !(v >= lo && v <= hi) {
			errs = append(errs, fmt.Errorf("%w: --%s: %v is outside %v to %v", ErrDemand, flag, v, lo, hi))
		}
	}
	in("cameras", float64(d.Cameras), 1, MostCameras)
	in("width", float64(d.Width), 160, 7680)
	in("height", float64(d.Height), 90, 4320)
	in("fps", d.FPS, 1, 120)
	in("events-per-second", d.Events, 0, 1000)
	in("retention-days", d.RetentionDays, 1, 3650)
	in("recording-days", d.RecordingDays, 0, 1825)
	in("kafka-days", d.KafkaDays, 0.01, 365)
	in("replicas", float64(d.Replicas), 1, 5)
	in("viewers", float64(d.Viewers), 0, 1e6)
	in("cores-per-node", float64(d.CoresPerNode), 1, 1024)
	in("fill", d.Fill, 0.1, 0.95)
	in("node-disk", d.NodeDisk, 0.01, 1000)
	return errors.Join(errs...)
}

// Line is one figure of a plan.
type Line struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Estimate says that the figure, or a part of it, was not measured.
	Estimate bool   `json:"estimate"`
	From     string `json:"from"` // how it came about
}

// Plan is what a deployment takes.
type Plan struct {
	Demand Demand   `json:"demand"`
	Units  string   `json:"units_version"`
	Lines  []Line   `json:"lines"`
	Notes  []string `json:"notes"`
}

// Get is a line's value; NaN when there is none of that name.
func (p Plan) Get(name string) float64 {
	i := slices.IndexFunc(p.Lines, func(l Line) bool { return l.Name == name })
	if i < 0 {
		return math.NaN()
	}
	return p.Lines[i].Value
}

// planner gathers the lines.
type planner struct {
	d Demand
	u Units
	p Plan
}

func (pl *planner) line(name string, v float64, unit string, from string, used ...string) float64 {
	pl.p.Lines = append(pl.p.Lines, Line{name, v, unit, !pl.u.Measured(used...), from})
	return v
}

// Cost is a camera's processor time in ms a second, by stage.
type Cost struct {
	Decode, Guard, Looks, Cover, Encode, Other float64
}

// Sum is the whole in ms a second.
func (c Cost) Sum() float64 {
	return c.Decode + c.Guard + c.Looks + c.Cover + c.Encode + c.Other
}

// CameraCost is what one camera takes on processors. With GPUs the looks' models
// run there; scaling pictures for them stays, as a fifth of the looks.
func (d Demand) CameraCost(u Units) Cost {
	mega := float64(d.Width) * float64(d.Height) / 1e6 * d.FPS
	looks := d.faceLooks()*u.Of(Faces) + d.personLooks()*u.Of(Persons) + (d.faceLooks()+d.personLooks())*u.Of(Follow)
	if d.GPU {
		looks /= 5
	}
	return Cost{
		Decode: mega * u.Of(Decode), Guard: mega * u.Of(Guard), Cover: mega * u.Of(Cover), Encode: mega * u.Of(Encode),
		Looks: looks, Other: d.FPS*u.Of(Other) + d.events()*u.Of(EventCPU),
	}
}

func (d Demand) faceLooks() float64 {
	return d.FPS / float64(max(d.FaceEvery, 1)) * d.Profile.Looks
}

func (d Demand) personLooks() float64 {
	return d.FPS / float64(max(d.PersonEvery, 1)) * d.Profile.Looks
}

func (d Demand) events() float64 {
	if d.Events > 0 {
		return d.Events
	}
	return d.Profile.Events
}

// day is in seconds.
const day = 86_400

// Make plans a deployment. It fails with ErrDemand.
func Make(d Demand, u Units) (Plan, error) {
	if err := d.Check(); err != nil {
		return Plan{}, err
	}
	pl := &planner{d: d, u: u, p: Plan{Demand: d, Units: u.Version}}
	pl.machines()
	pl.video()
	pl.events()
	return pl.p, nil
}

func (pl *planner) machines() {
	d, u, n := pl.d, pl.u, float64(pl.d.Cameras)
	c := d.CameraCost(u)
	each := pl.line("camera cpu", c.Sum(), "CPU-ms/s", fmt.Sprintf(
		"decode %.0f, guard %.0f, looks %.0f, cover %.0f, encode %.0f, other %.0f", c.Decode, c.Guard, c.Looks, c.Cover, c.Encode, c.Other),
		Decode, Guard, Faces, Persons, Cover, Encode, Follow, Other)
	viewers := float64(d.Viewers) * u.Of(ViewerCPU) / 1000
	busy := n*each/1000 + viewers
	cores := pl.line("edge cores", math.Ceil(busy/d.Fill), "cores",
		fmt.Sprintf("%.1f busy at %.0f %% fill, viewers %.1f", busy, 100*d.Fill, viewers), Decode, Guard, Faces, Persons, Cover, Encode, Other, ViewerCPU)
	per := math.Floor(float64(d.CoresPerNode) * d.Fill * 1000 / each)
	if per < 1 {
		pl.p.Notes = append(pl.p.Notes, fmt.Sprintf("One camera takes %.1f cores, more than %d cores filled to %.0f %% give: take larger machines, or a smaller picture.",
			each/1000, d.CoresPerNode, 100*d.Fill))
		per = 1
	}
	nodes := max(math.Ceil(n/per), math.Ceil(cores/float64(d.CoresPerNode)))
	pl.line("edge machines", nodes, fmt.Sprintf("of %d cores", d.CoresPerNode), fmt.Sprintf("%.0f cameras each", min(per, n)), Decode, Faces, Encode)
	mem := n*float64(CameraBytes(d.Width, d.Height, d.Hold))*u.Of(Memory) + nodes*u.Of(ProgramBytes)*1e6
	pl.line("edge memory", mem/1e9, "GB", fmt.Sprintf("%.0f MB a camera", float64(CameraBytes(d.Width, d.Height, d.Hold))*u.Of(Memory)/1e6), Memory, ProgramBytes)
	looks := d.faceLooks() + d.personLooks()
	from := fmt.Sprintf("%.1f looks a second of each camera", looks)
	if !d.GPU {
		pl.line("gpus", 0, "GPUs", from+", on processors")
	} else {
		pl.line("gpus", math.Ceil(n*looks/(u.Of(GPULooks)*d.Fill)), "GPUs", from, GPULooks)
		pl.p.Notes = append(pl.p.Notes, "No GPU was measured: their number, and what looks still take of processors beside them, are estimates.")
	}
}

func (pl *planner) video() {
	d, u, n := pl.d, pl.u, float64(pl.d.Cameras)
	pixels := float64(d.Width) * float64(d.Height) * d.FPS
	in := pixels * u.Of(CameraBits) * d.Profile.Bits
	out := pixels * u.Of(StreamBits) * d.Profile.Bits
	pl.line("camera network", n*in/1e9, "Gbit/s in", fmt.Sprintf("%.1f Mbit/s a camera", in/1e6), CameraBits)
	pl.line("viewer network", float64(d.Viewers)*out/1e9, "Gbit/s out", fmt.Sprintf("%.1f Mbit/s a viewer", out/1e6), StreamBits)
	pl.line("recording disk", n*out/8*day*d.RecordingDays/1e12, "TB", fmt.Sprintf("%.1f GB a camera and day for %v days", out/8*day/1e9, d.RecordingDays), StreamBits)
}

func (pl *planner) events() {
	d, u := pl.d, pl.u
	rate := float64(d.Cameras) * d.events()
	pl.line("events", rate, "a second", fmt.Sprintf("%v of each camera", d.events()))
	bits := rate * u.Of(EventKafka) * 8 * float64(d.Replicas)
	pl.line("bus network", bits/1e9, "Gbit/s", fmt.Sprintf("%.0f bytes an event, %d copies", u.Of(EventKafka), d.Replicas), EventKafka)
	// A partition more than the busiest needs leaves room to catch up after an
	// outage; three let three writers share the work.
	pl.line("kafka partitions", max(3, 2*math.Ceil(rate/u.Of(BrokerRate))), "partitions",
		fmt.Sprintf("%.0f events a second each, doubled to catch up", u.Of(BrokerRate)), BrokerRate)
	pl.line("kafka disk", rate*u.Of(EventKafka)*day*d.KafkaDays*float64(d.Replicas)/1e12, "TB",
		fmt.Sprintf("%v days, %d copies", d.KafkaDays, d.Replicas), EventKafka)
	// Merges and moves need as much room again for a while: half is kept free.
	data := rate * u.Of(EventStore) * day * d.RetentionDays / 1e12
	disk := pl.line("clickhouse disk", 2*data*float64(d.Replicas), "TB",
		fmt.Sprintf("%.0f bytes a row for %v days, %d copies, half kept free", u.Of(EventStore), d.RetentionDays, d.Replicas), EventStore)
	shards := max(1, math.Ceil(rate/(u.Of(StoreRate)*d.Fill)), math.Ceil(disk/float64(d.Replicas)/d.NodeDisk))
	pl.line("clickhouse nodes", shards*float64(d.Replicas), "nodes",
		fmt.Sprintf("%.0f shards of %d copies; %v TB a node", shards, d.Replicas, d.NodeDisk), StoreRate, EventStore)
}
