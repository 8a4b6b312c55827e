

func.func @f(%x: tensor<?x8xf32>) {
  %y = tenon.stack 0 to 2 (%x) : tensor<?x8xf32> {
  ^layer(%l: index):
    tenon.yield %x : tensor<?x8xf32>
  }
  return
}


