// Package api is the house's front door: the HTTP interface that people, the
// web application and other programs use. It sees redacted pictures, events
// and health, never a raw picture, a template or a name.
//
// What it shows comes from the small interfaces of Backend, which
// internal/app implements. Until sign-in exists, the server belongs on
// loopback only; ListenCheck says so.
//
// What each request passes on its way in: a request id, the security headers,
// the Host allow-list against DNS rebinding, the Origin check against
// cross-site requests, the body limit, and for anything linked to a person the
// access record, without which there is no answer.
package api
