package api

// Codes that the web application explains in the reader's language. A backend
// may send others; readers then get the plain words that come with them.
//
// Why a whole picture is covered:
const (
	MaskStarting      = "STARTING"       // no picture was judged yet
	MaskDetectorLate  = "DETECTOR_LATE"  // the detector did not answer in time
	MaskDetectorError = "DETECTOR_ERROR" // the detector failed
	MaskModelMissing  = "MODEL_MISSING"  // there is no detector at all
	MaskOverload      = "OVERLOAD"       // more pictures than the machine can judge
	MaskClockJump     = "CLOCK_JUMP"     // the camera's clock jumped
	MaskSizeChange    = "SIZE_CHANGE"    // the picture's size changed
	MaskLease         = "LEASE_EXPIRED"  // no fresh policy lease
	MaskSwitchedOff   = "SWITCHED_OFF"   // a person covered everything
	MaskLeak          = "LEAK_SUSPECTED" // the self-check found a face in a redacted picture
)

// Why matching is off, and what keeps the gate closed:
const (
	OffNoModel       = "NO_MODEL"       // the model file is missing
	OffNoSite        = "NO_SITE"        // there is no site file
	OffNobody        = "NOBODY"         // nobody has enrolled
	OffZoneNotLive   = "ZONE_NOT_LIVE"  // no recognition zone is live
	OffSceneOff      = "SCENE_OFF"      // the scene is not enabled
	OffLease         = "LEASE_EXPIRED"  // no fresh policy lease
	OffClock         = "CLOCK_UNSYNCED" // this machine's clock is not trusted
	OffCanary        = "CANARY_FAILED"  // the detector failed its own check
	OffSigns         = "SIGNS_MISSING"
	OffInspection    = "INSPECTION_EXPIRED"
	OffAssessment    = "ASSESSMENT_MISSING"
	OffFiling        = "FILING_MISSING"
	OffNotConfigured = "NOT_CONFIGURED" // switched off in the configuration
	OffDisk          = "DISK_FULL"      // recording stopped: no room
)

// Notices besides those above:
const (
	NoticeSample      = "SAMPLE_SITE"     // zones, signs and consents are made up
	NoticeNoModel     = "NO_MODEL"        // everybody is masked, matching is off
	NoticeNoSite      = "NO_SITE"         // nothing is embedded
	NoticeRecordLimit = "RECORD_LIMIT"    // old recordings are being removed
	NoticeStoreSlow   = "STORE_SLOW"      // events wait in the spool
	NoticeExposed     = "EXPOSED"         // reachable beyond this machine without sign-in
	NoticeNoPerson    = "NO_PERSON_FILE"  // bodies are not looked for
	NoticeDevice      = "DEVICE_LOST"     // a GPU does not run its model; others serve
	NoticeNoCard      = "NO_CARD"         // cameras are decoded in software although a card was asked for
	NoticeEncoding    = "NO_CARD_ENCODES" // live video is encoded in software although a card was asked for
	NoticeLadder      = "LADDER"          // cameras run at reduced quality, since the machine cannot keep up
	NoticeNoJudge     = "NO_JUDGE"        // redacted pictures are not checked by a second detector
)
