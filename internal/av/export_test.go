package av

// CreateAt is Create with a chosen file to write into, such as a full device.
func CreateAt(path, tmp string, cfg MuxerConfig) (*Muxer, error) { return create(path, tmp, cfg) }

// AbandonAt is Close for CreateAt: the file to write into is not removed.
func (m *Muxer) AbandonAt() error {
	m.tmp = m.path + ".none"
	return m.Close()
}
