

func.func @kernel(%x: tensor<?x8xf32>, %z: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y:2 = tenon.kernel "k" (%x, %z, %x) : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  ^kernel(%a: tensor<?x8xf32>, %b: tensor<?x8xf32>, %c: tensor<?x8xf32>):
    %s = arith.addf %a, %c : tensor<?x8xf32>
    %t = arith.mulf %a, %b : tensor<?x8xf32>
    tenon.yield %s, %t : tensor<?x8xf32>, tensor<?x8xf32>
  }
  return %y#0 : tensor<?x8xf32>
}


