package event

import "crypto/sha256"

// The kinds below tell what the control side did: consents, zones, notices,
// rights. They lie on a chain of their own, so that auditors ask every question
// of one log. Of a person they carry pseudonyms only.
//
// What each kind sets besides id, time, kind and site; keys of Detail in quotes:
//
//	consent_change  ConsentRef, ConsentVersion, NoticeVersion, and SceneID when
//	                the consent names one scene alone; "purpose", "state",
//	                "from" (the state before), "under14" (yes, no, unknown),
//	                "guardian" (yes, no), "expires" (RFC 3339), "scenes" and
//	                "zones" (ids joined by commas), "channel"
//	zone_change     ZoneID, ZoneVersion, SceneID, CameraID, SignSetHash,
//	                InspectionID; "state", "from", "reason", "actor",
//	                "inspection_until" (RFC 3339)
//	scene_change    SceneID, PolicyVersion, NoticeVersion, AssessmentID, GateMode,
//	                Threshold; "state", "from", "reason", "actor", "approver"
//	notice_change   NoticeVersion; "state", "effective_from", "supersedes", and
//	                "hash_"+language for each language
//	gate_change     SceneID or ZoneID; what makes matching lawful changed at the
//	                edge: "state" (open, closed), "reasons" (codes by commas)
//	access          ReviewerRef (ActorRef of the reader), SubjectRef when one
//	                person was read; "action", "role", "purpose" (its code: what
//	                the reader wrote beside it stays where it was read),
//	                "query_hash", "object", "subjects" (how many people),
//	                "request"; an exported recording: CameraID, "from", "to",
//	                "segments", "statement" (hash of what was signed with it)
//	rights_change   ReviewerRef of who decided; "request", "type", "state",
//	                "from", "deadline", "outcome", "late" (yes, no)
//	disposal        RefEvent of what it answers, if any; "rule", "table", "class",
//	                "rows", "cause" (retention, erasure), "from", "to" (numbers of
//	                the chain in "chain", both included), "key_destroyed" (yes, no)
//	retention_run   "table", "class", "rule", "overdue", "disposed", "error"
//	census          "enrolled", "templates", "limit": distinct people held
//	incident        "incident", "class", "state", "from", "drill" (yes, no),
//	                "timer"; of a record that a writer put aside (class
//	                parked_record): ReviewerRef of who decided, "state" (retried,
//	                discarded), "why", "chain", "way", "done"
//	human_review    RefEvent, ReviewerRef, Verdict (confirmed, rejected)
//	account_change  ReviewerRef of who did it; "account" (ActorRef of whose, in
//	                hex), "action", "roles" and "from" (by commas), "way" (how they
//	                signed in), "clash" (roles that should not be one person's),
//	                "edge" (name of the machine that the account is, which was
//	                invited, let in, given scenes or cameras, or revoked)
//	camera_change   CameraID, ReviewerRef of who did it; "action" (added, changed,
//	                paused, resumed, removed), "what" of it was changed (address,
//	                name, transport, rotation, by commas), "reason"; never an
//	                address
const (
	KindConsentChange Kind = "consent_change"
	KindZoneChange    Kind = "zone_change"
	KindSceneChange   Kind = "scene_change"
	KindNoticeChange  Kind = "notice_change"
	KindAccess        Kind = "access"
	KindRightsChange  Kind = "rights_change"
	KindDisposal      Kind = "disposal"
	KindRetentionRun  Kind = "retention_run"
	KindCensus        Kind = "census"
	KindIncident      Kind = "incident"
	KindAccountChange Kind = "account_change"
	KindCameraChange  Kind = "camera_change"
)

// Kinds lists every kind, the edge's first.
func Kinds() []Kind {
	return []Kind{
		KindUseStart, KindUseEnd, KindMatch, KindClaimOutcome, KindVerify, KindUnmask,
		KindHumanReview, KindGateChange, KindCameraHealth, KindZoneMinute, KindSegment,
		KindConsentChange, KindZoneChange, KindSceneChange, KindNoticeChange, KindAccess,
		KindRightsChange, KindDisposal, KindRetentionRun, KindCensus, KindIncident,
		KindAccountChange, KindCameraChange,
	}
}

// ActorRef is what events carry of an account: SHA-256 over its id under a
// domain of its own; zero for none. Whoever knows the ids can recompute it, so
// it hides an account from a glance, not from the house.
func ActorRef(account string) Digest {
	if account == "" {
		return Digest{}
	}
	return sha256.Sum256([]byte("bystander/actor/v1\x00" + account))
}
