;; A plugin that keeps every record, and costs what every plugin costs: the columns that are handed to it.
;; The host writes its description before it is made; see `idle.rs`.
(module
    (memory (export "memory") 2)
    (data (i32.const 64) "idle")
    (data (i32.const 68) "0.0.0")
    ;; The description: name, version, summary, then the columns that are read; nothing else is set.
    (data (i32.const 128) "\40\00\00\00\04\00\00\00\44\00\00\00\05\00\00\00\40\00\00\00\04\00\00\00")
    (data (i32.const 152) "$READS")
    ;; From 1024 on zeros: an answer that leaves everything as it is, and a configuration that is taken.
    (global $heap (mut i32) (i32.const 2048))
    (func (export "cabi_realloc") (param $old i32) (param $had i32) (param $align i32) (param $size i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and
            (i32.add (global.get $heap) (i32.sub (local.get $align) (i32.const 1)))
            (i32.sub (i32.const 0) (local.get $align))))
        (global.set $heap (i32.add (local.get $at) (local.get $size)))
        (block $fits
            (br_if $fits (i32.le_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536))))
            (br_if $fits (i32.ne (i32.const -1)
                (memory.grow (i32.add (i32.const 1) (i32.div_u (local.get $size) (i32.const 65536))))))
            (unreachable))
        (local.get $at))
    (func (export "anabranch:plugin/guest@$VERSION#describe") (result i32) (i32.const 128))
    (func (export "anabranch:plugin/guest@$VERSION#configure")
        (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)
        (global.set $heap (i32.const 2048))
        (i32.const 1024))
    (func (export "anabranch:plugin/guest@$VERSION#process") (param i32) (result i32)
        ;; What was handed over is done with.
        (global.set $heap (i32.const 2048))
        (i32.const 1024)))
