;; The next of a list of floats that is larger than a bound. The list is in the memory, at 0.
(module
  (memory (export "memory") 1)

  ;; $at and $end are byte offsets. Returns the larger one's, or $end. NaN is never larger.
  (func (export "nextAbove") (param $at i32) (param $end i32) (param $bound f32) (result i32)
    (local $bounds v128)
    (local $last i32)
    (local.set $bounds (f32x4.splat (local.get $bound)))
    (local.set $last (i32.sub (local.get $end) (i32.const 64)))
    ;; Sixteen at a time, until one of them is larger.
    (block $near
      (loop $sixteen
        (br_if $near (i32.gt_s (local.get $at) (local.get $last)))
        (br_if $near
          (v128.any_true
            (v128.or
              (v128.or
                (f32x4.gt (v128.load offset=0 (local.get $at)) (local.get $bounds))
                (f32x4.gt (v128.load offset=16 (local.get $at)) (local.get $bounds)))
              (v128.or
                (f32x4.gt (v128.load offset=32 (local.get $at)) (local.get $bounds))
                (f32x4.gt (v128.load offset=48 (local.get $at)) (local.get $bounds))))))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (br $sixteen)))
    ;; Then one at a time.
    (block $found
      (loop $one
        (br_if $found (i32.ge_s (local.get $at) (local.get $end)))
        (br_if $found (f32.gt (f32.load (local.get $at)) (local.get $bound)))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br $one)))
    (local.get $at)))
