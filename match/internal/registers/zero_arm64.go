package registers

func zero()
