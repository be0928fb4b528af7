use crate::support::on_both;
use domain::{nodes, recordings, rooms, usage};
use protocol::{
    ids::{BootId, PeerId},
    link::Event,
    names::RoomName,
};

const MINUTE_MS: u64 = 60_000;

fn room(name: &str) -> RoomName {
    RoomName::try_from(name.to_owned()).unwrap()
}

on_both! {
    async fn a_node_that_starts_again_leaves_nobody_behind(world: World) {
        let owner = world.owner().await;
        let demo = world.demo(&owner).await.id;
        let node = world.node().await;
        let peer = PeerId::from_parts(1, [1; 10]);
        let at = world.clock.unix_ms();
        let joined = |boot| Event::PeerJoined { boot, application: demo, room: room("lobby"), peer, name: None, at };
        world.event(&node, joined(node.boot)).await;
        assert_eq!(rooms::get(&world.services, &owner, demo, &room("lobby")).await.unwrap().1.len(), 1);

        world.advance(10);
        nodes::report(&world.services, node.id, nodes::Report::default()).await.unwrap();
        world.advance(3600);
        let next_boot = BootId::from_parts(2, [2; 10]);
        nodes::register(&world.services, node.id, next_boot, "ws://localhost:3001", 0).await.unwrap();
        assert!(rooms::get(&world.services, &owner, demo, &room("lobby")).await.is_err());
        // It was there until the node was last heard of.
        let used = usage::of_month(&world.services, &owner, usage::this_month(&world.services)).await.unwrap();
        assert_eq!(used[0].peer_ms, 10_000);
        // What the node had still to tell of its life before concerns nobody.
        world.event(&node, joined(node.boot)).await;
        assert!(rooms::get(&world.services, &owner, demo, &room("lobby")).await.is_err());
        world.event(&node, joined(next_boot)).await;
        assert_eq!(rooms::get(&world.services, &owner, demo, &room("lobby")).await.unwrap().1.len(), 1);
    }
}

on_both! {
    async fn rooms_of_a_silent_node_are_not_in_use(world: World) {
        let owner = world.owner().await;
        let demo = world.demo(&owner).await;
        let node = world.node().await;
        let (boot, at) = (node.boot, world.clock.unix_ms());
        let peer = PeerId::from_parts(1, [1; 10]);
        let event = Event::PeerJoined { boot, application: demo.id, room: room("lobby"), peer, name: None, at };
        world.event(&node, event).await;
        world.advance(60);
        assert!(rooms::list(&world.services, &owner, demo.id, None).await.unwrap().0.is_empty());
        let refused = recordings::start_in_room(&world.services, &owner, demo.id, &room("lobby")).await.unwrap_err();
        assert_eq!(refused.code(), "room_empty");
    }
}

on_both! {
    async fn another_tenants_rooms_and_usage_do_not_exist(world: World) {
        let owner = world.owner().await;
        let stranger = world.stranger().await;
        let demo = world.demo(&owner).await.id;
        let node = world.node().await;
        let (boot, at) = (node.boot, world.clock.unix_ms());
        let peer = PeerId::from_parts(1, [1; 10]);
        let lobby = room("lobby");
        let event = Event::PeerJoined { boot, application: demo, room: lobby.clone(), peer, name: None, at };
        world.event(&node, event).await;
        let services = &world.services;
        let refused = [
            rooms::list(services, &stranger, demo, None).await.map(drop),
            rooms::get(services, &stranger, demo, &lobby).await.map(drop),
            rooms::end(services, &stranger, demo, &lobby).await.map(drop),
            rooms::remove_peer(services, &stranger, demo, &lobby, peer).await.map(drop),
            recordings::start_in_room(services, &stranger, demo, &lobby).await.map(drop),
        ];
        for result in refused {
            assert_eq!(result.unwrap_err().code(), "application_not_found");
        }
        world.event(&node, Event::PeerLeft { peer, at: at + MINUTE_MS }).await;
        let month = usage::this_month(services);
        assert!(usage::of_month(services, &stranger, month).await.unwrap().is_empty());
        assert_eq!(usage::of_month(services, &owner, month).await.unwrap()[0].peer_ms, MINUTE_MS);
    }
}
