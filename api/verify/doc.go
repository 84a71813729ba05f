// Package verify is the 1:1 interface: are these two photographs of one person,
// or is this the person enrolled under that id? It has the parameters of the
// services that people know (comparison_type, data_type, verify_id, biz_no,
// encryption_type, sign), and keeps nothing: when a call has been answered,
// neither a picture nor an identity nor an embedding is left on disk, and what
// held them in memory has been overwritten or given back. What stays is one
// event that says that a call was made, and how it ended (REQUIREMENTS B-38 to
// B-45, B-56, B-28).
//
// Requests are read without the help of encoding/json and mime/multipart, whose
// readers copy what passes through them and leave it behind.
package verify
