use crate::shop::{Shop, wait};
#[test]
#[ignore]
fn keep() {
    let shop = Shop::new(6000).settings("transactions.age = \"60ms\"").resources("[resources]\nlanes = 3\n");
    std::fs::write("/tmp/keep.txt", format!("{} {}", shop.folder.path().display(), shop.cluster.servers())).unwrap();
    shop.job();
    wait(1000 * 1000);
}
