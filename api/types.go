package api

import "time"

// Camera is a camera as people see it.
type Camera struct {
	ID     string `json:"id" doc:"Stable name of the camera in paths"`
	Name   string `json:"name" doc:"The name people use"`
	Driver string `json:"driver" enum:"rtsp,vdk,whip,file" doc:"How the camera is reached; a whip camera is published from a browser or encoder"`
	Edge   string `json:"edge,omitempty" doc:"The machine that has the camera, where that is another one"`
	Scene  string `json:"scene,omitempty" doc:"The scene that the camera belongs to"`
	Sample bool   `json:"sample" doc:"Belongs to a sample site, whose zones and consents are made up"`

	State   string     `json:"state" enum:"starting,connecting,connected,retrying,paused,ended,failed,closed"`
	Since   time.Time  `json:"since" doc:"When the camera entered this state"`
	Err     string     `json:"err,omitempty" doc:"The last trouble in plain words, with the way out"`
	ErrCode string     `json:"err_code,omitempty" doc:"Stable code of the trouble, such as UNREACHABLE, UNAUTHORIZED, NOT_A_VIDEO, TIMEOUT, DECODE"`
	NextTry *time.Time `json:"next_try,omitempty" doc:"When the next attempt is due"`

	Codec  string  `json:"codec,omitempty" doc:"What the camera sends, such as h264"`
	Width  int     `json:"width" minimum:"0" doc:"Luma pixels; 0 while unknown"`
	Height int     `json:"height" minimum:"0"`
	FPS    float64 `json:"fps" minimum:"0" doc:"Pictures a second over the last seconds"`
	Clock  string  `json:"clock" enum:"arrival,camera" doc:"Where the pictures' wall-clock time comes from"`

	DelayP50ms float64 `json:"delay_p50_ms" minimum:"0" doc:"Median time from a picture's arrival to its redacted, encoded form, hold included"`
	DelayP95ms float64 `json:"delay_p95_ms" minimum:"0"`
	HoldMS     float64 `json:"hold_ms" minimum:"0" doc:"How long pictures are held back so that a face seen late is covered earlier"`

	Frames     uint64 `json:"frames" doc:"Pictures taken from the camera since the program began"`
	Dropped    uint64 `json:"dropped" doc:"Pictures that nobody took in time"`
	Corrupt    uint64 `json:"corrupt" doc:"Packets or pictures that could not be decoded"`
	Reconnects uint64 `json:"reconnects"`
	Restarts   uint64 `json:"restarts" doc:"Restarts of the camera's worker process"`

	Confined string `json:"confined,omitempty" enum:"full,partial,none" doc:"How far the kernel holds the camera's worker process, by Landlock and seccomp; missing until one has started, and of edges of an earlier release"`

	Decoder string `json:"decoder,omitempty" doc:"Who decodes, where decode.hardware asks for a card: software, or libav's name of the card's decoder, such as h264_cuvid; missing otherwise"`
	NoCard  string `json:"no_card,omitempty" doc:"Why the card that decode.hardware asks for does not decode this camera; missing while it does"`

	Mask      Mask      `json:"mask"`
	Faces     int       `json:"faces" minimum:"0" doc:"Faces in the newest picture"`
	Tracks    int       `json:"tracks" minimum:"0" doc:"People followed now"`
	Matching  Switch    `json:"matching" doc:"Whether faces are compared with the enrolled"`
	Viewers   int       `json:"viewers" minimum:"0" doc:"Live viewers now"`
	Recording Recorder  `json:"recording"`
	Quality   Quality   `json:"quality"`
	Zones     []ZoneRef `json:"zones" nullable:"false" doc:"The zones that the camera covers"`
}

// Mask says how people are covered right now.
type Mask struct {
	State  string    `json:"state" enum:"masked,clear,full" doc:"masked: everybody covered; clear: somebody shown under consent; full: the whole picture covered"`
	Code   string    `json:"code,omitempty" doc:"Why the whole picture is covered, such as DETECTOR_LATE"`
	Reason string    `json:"reason,omitempty" doc:"The same in plain words"`
	Since  time.Time `json:"since"`
	// FullFrames counts since the program began.
	FullFrames uint64 `json:"full_frames" doc:"Pictures that left fully masked since the program began"`
	Clear      int    `json:"clear" minimum:"0" doc:"People shown clear now, each under a consent"`
}

// Switch is something that is on, or off for a reason.
type Switch struct {
	On     bool   `json:"on"`
	Code   string `json:"code,omitempty" doc:"Why it is off, such as NO_SITE"`
	Reason string `json:"reason,omitempty" doc:"The same in plain words"`
}

// Recorder is a camera's recording.
type Recorder struct {
	Switch
	Segments int        `json:"segments" minimum:"0" doc:"Segments kept now"`
	Bytes    int64      `json:"bytes" minimum:"0"`
	Oldest   *time.Time `json:"oldest,omitempty"`
}

// ZoneRef is a zone by id and name.
type ZoneRef struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Kind  string `json:"kind" enum:"signage,recognition,prohibited"`
	State string `json:"state" enum:"draft,signs_planned,inspected,live,suspended,retired"`
}

// Status is the installation as a whole.
type Status struct {
	Version string    `json:"version"`
	Started time.Time `json:"started"`
	Site    SiteRef   `json:"site"`
	Gate    Gate      `json:"gate"`
	Models  []Model   `json:"models" nullable:"false"`
	Notices []Notice  `json:"notices" nullable:"false" doc:"What everybody at this installation should know now, gravest first"`
	Storage Storage   `json:"storage"`
}

// SiteRef names the site.
type SiteRef struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Sample bool   `json:"sample" doc:"A sample site: its zones, signs and consents are made up, so it may not be used on the public"`
}

// Gate says whether matching is lawful now, and if not, what is missing.
type Gate struct {
	Open         bool       `json:"open" doc:"Whether some zone's gate is open"`
	Mode         string     `json:"mode,omitempty" enum:"zone,claim"`
	Reasons      []Reason   `json:"reasons" nullable:"false" doc:"What keeps it closed"`
	LeaseExpires *time.Time `json:"lease_expires,omitempty" doc:"When the policy lease ends; without a fresh one everybody is masked"`
	Enrolled     int        `json:"enrolled" minimum:"0" doc:"People whose consent is active"`
}

// Reason is a stable code and its plain words.
type Reason struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// Model is one model file or built-in detector.
type Model struct {
	Role     string   `json:"role" enum:"face,person,embedding"`
	Name     string   `json:"name"`
	Digest   string   `json:"digest,omitempty" doc:"SHA-256 in hex"`
	Provider string   `json:"provider,omitempty" doc:"tensorrt, cuda, cpu, or go"`
	Loaded   bool     `json:"loaded"`
	Err      string   `json:"err,omitempty" doc:"Why it is not loaded, with the way out"`
	Why      string   `json:"why,omitempty" doc:"The provider taken, and why those before it were not"`
	Devices  []Device `json:"devices,omitempty" doc:"Where it runs"`
}

// Quality is where a camera stands while the machine cannot keep up. What is
// covered stays covered on every rung.
type Quality struct {
	Rung    string  `json:"rung" enum:"full,cadence,rate,size,least"`
	Reason  string  `json:"reason,omitempty" doc:"Why it is not full"`
	Cores   float64 `json:"cores" doc:"Processor cores that the camera takes"`
	Thinned uint64  `json:"thinned" doc:"Pictures left out on lower rungs, since the start"`
}

// Device is a place where a model runs.
type Device struct {
	Name       string     `json:"name" doc:"tensorrt:0, cuda:1, cpu"`
	Up         bool       `json:"up"`
	LastResort bool       `json:"last_resort,omitempty" doc:"Serves only while no other does"`
	Err        string     `json:"err,omitempty" doc:"Why it is not up"`
	NextTry    *time.Time `json:"next_try,omitempty"`
	Losses     uint64     `json:"losses" doc:"Since the start"`
	Cameras    int        `json:"cameras" doc:"Placed there"`
	PerRun     float64    `json:"per_run,omitempty" doc:"Pictures in one run of the model, on average"`
}

// Notice is something that everybody should know.
type Notice struct {
	Level string `json:"level" enum:"error,warning,info"`
	Code  string `json:"code" doc:"Stable code, such as NO_MODEL"`
	Text  string `json:"text" doc:"Plain words"`
}

// Storage is what is kept and for how long.
type Storage struct {
	Store      string `json:"store" doc:"The event store, such as sqlite"`
	Events     int64  `json:"events" minimum:"0"`
	UsedBytes  int64  `json:"used_bytes" minimum:"0" doc:"Recordings on disk"`
	LimitBytes int64  `json:"limit_bytes" minimum:"0" doc:"Recordings are removed beyond this; 0 is no limit"`
	MaxAgeS    int64  `json:"max_age_s" minimum:"0" doc:"Recordings are removed after this many seconds; 0 is no limit"`
}

// Event is one row of the match log, without its ciphertext.
type Event struct {
	ID        string    `json:"id" doc:"UUID version 7"`
	Cursor    Cursor    `json:"cursor" doc:"Place in the log, for before= and after="`
	TS        time.Time `json:"ts"`
	TSQuality string    `json:"ts_quality" enum:"synced,unsynced,camera"`
	Kind      string    `json:"kind" enum:"use_start,use_end,match,claim_outcome,verify_1to1,unmask,human_review,gate_change,camera_health,zone_minute,segment"`

	Site        string `json:"site"`
	Camera      string `json:"camera"`
	Scene       string `json:"scene,omitempty"`
	Zone        string `json:"zone,omitempty"`
	ZoneName    string `json:"zone_name,omitempty"`
	ZoneVersion uint32 `json:"zone_version,omitempty"`

	SignSet       string `json:"sign_set,omitempty" doc:"Hash of the sign set in force, hex"`
	Inspection    string `json:"inspection,omitempty"`
	PolicyVersion uint64 `json:"policy_version,omitempty"`
	Notice        string `json:"notice,omitempty" doc:"Version of the notice in force"`
	Assessment    string `json:"assessment,omitempty"`
	GateMode      string `json:"gate_mode,omitempty" enum:"zone,claim"`
	GateBits      uint32 `json:"gate_bits,omitempty" doc:"The value of each condition of the gate"`

	Subject        string `json:"subject,omitempty" doc:"Short pseudonym for people to read, valid in this scene and on this day; subject_ref identifies"`
	SubjectRef     string `json:"subject_ref,omitempty" doc:"Pseudonym, hex"`
	ConsentRef     string `json:"consent_ref,omitempty" doc:"The consent relied on, hex"`
	ConsentVersion uint32 `json:"consent_version,omitempty"`

	GallerySize uint32  `json:"gallery_size,omitempty" doc:"How many people it was compared with"`
	Model       string  `json:"model,omitempty" doc:"Digest of the model, hex"`
	Score       float32 `json:"score,omitempty"`
	Threshold   float32 `json:"threshold,omitempty"`
	Margin      float32 `json:"margin,omitempty"`
	Quality     float32 `json:"quality,omitempty"`
	PAD         string  `json:"pad,omitempty" doc:"Result of the presentation-attack check"`

	RefEvent string            `json:"ref_event,omitempty"`
	Verdict  string            `json:"verdict,omitempty"`
	Receipt  string            `json:"receipt,omitempty" doc:"The redaction receipt"`
	Detail   map[string]string `json:"detail,omitempty" doc:"What a health, gate or counter event says; nothing about a person"`

	Chain   string `json:"chain"`
	Seq     uint64 `json:"seq"`
	RowHash string `json:"row_hash,omitempty" doc:"Hex"`
}

// Personal reports whether the event is linked to a person.
func (e Event) Personal() bool { return e.SubjectRef != "" || e.ConsentRef != "" }

// Recording is one stretch of redacted video.
type Recording struct {
	ID       string    `json:"id"`
	Camera   string    `json:"camera"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Seconds  float64   `json:"seconds" minimum:"0" doc:"Duration of the video"`
	Bytes    int64     `json:"bytes" minimum:"0"`
	Width    int       `json:"width" minimum:"0"`
	Height   int       `json:"height" minimum:"0"`
	Complete bool      `json:"complete" doc:"False while it is being written"`
	Expires  time.Time `json:"expires,omitzero" doc:"When it will be removed by age"`
}
