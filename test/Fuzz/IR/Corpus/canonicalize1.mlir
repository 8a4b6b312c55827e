

func.func @invariant(%x: tensor<?x8xf32>, %z: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %y:2 = tenon.stack 0 to 2 (%x, %z) : tensor<?x8xf32>, tensor<?x8xf32> {
  ^layer(%l: index, %h: tensor<?x8xf32>, %c: tensor<?x8xf32>):
    %a = arith.addf %h, %c : tensor<?x8xf32>
    tenon.yield %a, %c : tensor<?x8xf32>, tensor<?x8xf32>
  }
  return %y#0, %y#1 : tensor<?x8xf32>, tensor<?x8xf32>
}


