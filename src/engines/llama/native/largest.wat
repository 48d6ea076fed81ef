;; The largest of a list of floats, by insertion: most floats are passed over, sixteen at a time.
;; All parameters and offsets are in bytes.
(module
  (memory (export "memory") 1)

  ;; The list ends at $end and begins at 0. There is room for $room bytes of ids (indexes in the list) at $ids,
  ;; and of floats at $floats. Fills both, largest first, equal ones in the list's order; returns how much is filled.
  (func (export "largest")
    (param $end i32) (param $ids i32) (param $floats i32) (param $room i32) (result i32)
    (local $last i32) ;; where sixteen floats can still begin
    (local $at i32)
    (local $float f32)
    (local $filled i32)
    (local $gap i32) ;; moves down to where the new one belongs
    (local $bound f32) ;; what is not larger does not get in: -Infinity, and NaN, never do
    (local $bounds v128)
    (local.set $last (i32.sub (local.get $end) (i32.const 64)))
    (local.set $bound (f32.const -inf))
    (local.set $bounds (f32x4.splat (local.get $bound)))
    (block $done
      (loop $next
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
        (block $found
          (loop $one
            (br_if $done (i32.ge_s (local.get $at) (local.get $end)))
            (local.set $float (f32.load (local.get $at)))
            (br_if $found (f32.gt (local.get $float) (local.get $bound)))
            (local.set $at (i32.add (local.get $at) (i32.const 4)))
            (br $one)))

        ;; The new one takes the next place, or the smallest one's if all are taken.
        (if (i32.lt_u (local.get $filled) (local.get $room))
          (then (local.set $filled (i32.add (local.get $filled) (i32.const 4)))))
        (local.set $gap (i32.sub (local.get $filled) (i32.const 4)))
        (block $placed
          (loop $move
            (br_if $placed (i32.eqz (local.get $gap)))
            (br_if $placed
              (f32.ge
                (f32.load (i32.add (local.get $floats) (i32.sub (local.get $gap) (i32.const 4))))
                (local.get $float)))
            (f32.store
              (i32.add (local.get $floats) (local.get $gap))
              (f32.load (i32.add (local.get $floats) (i32.sub (local.get $gap) (i32.const 4)))))
            (i32.store
              (i32.add (local.get $ids) (local.get $gap))
              (i32.load (i32.add (local.get $ids) (i32.sub (local.get $gap) (i32.const 4)))))
            (local.set $gap (i32.sub (local.get $gap) (i32.const 4)))
            (br $move)))
        (f32.store (i32.add (local.get $floats) (local.get $gap)) (local.get $float))
        (i32.store (i32.add (local.get $ids) (local.get $gap)) (i32.shr_u (local.get $at) (i32.const 2)))
        (if (i32.eq (local.get $filled) (local.get $room))
          (then
            (local.set $bound
              (f32.load (i32.add (local.get $floats) (i32.sub (local.get $room) (i32.const 4)))))
            (local.set $bounds (f32x4.splat (local.get $bound)))))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br $next)))
    (local.get $filled)))
