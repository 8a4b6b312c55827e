

func.func @f(%a: tensor<?x4x8xf16>, %la: tensor<?x4xf16>) {
  %o, %l = tenon.merge (%a, %la), (%a, %la) : tensor<?x4x8xf16>, tensor<?x4xf16>
  return
}


