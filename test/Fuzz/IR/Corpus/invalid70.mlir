

func.func @f() {
  tenon.yield
}

