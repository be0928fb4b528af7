//! The end of the pipeline: a sink the muxer may seek in, that lets the file go in parts.

use super::parts::{Part, PartError, PartWriter};
use gstreamer::{self as gst, glib, subclass::prelude::ObjectSubclassIsExt as _};
use gstreamer_base::{self as gst_base, prelude::BaseSinkExt as _};
use std::sync::mpsc::SyncSender;

glib::wrapper! {
    /// See the module.
    pub struct PartSink(ObjectSubclass<imp::PartSink>) @extends gst_base::BaseSink, gst::Element, gst::Object;
}

impl PartSink {
    /// A sink that sends the file's parts to `parts` and waits while there is no room. `index_room` is for
    /// [`PartWriter::new`].
    pub fn new(parts: SyncSender<Result<Part, PartError>>, index_room: usize) -> Self {
        let sink: Self = glib::Object::new();
        sink.set_sync(false);
        sink.set_async(false);
        *sink.imp().lock() = Some(imp::Open { writer: PartWriter::new(index_room), parts });
        sink
    }
}

mod imp {
    use super::{Part, PartError, PartWriter, SyncSender, glib, gst, gst_base};
    use gstreamer::subclass::prelude::{ElementImpl, GstObjectImpl, ObjectImpl, ObjectSubclass};
    use gstreamer_base::subclass::prelude::{BaseSinkImpl, BaseSinkImplExt};
    use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

    pub struct Open {
        pub writer: PartWriter,
        pub parts: SyncSender<Result<Part, PartError>>,
    }

    /// Whether there is still someone to receive the parts, or why there are none.
    fn send(receiver: &SyncSender<Result<Part, PartError>>, parts: Result<Vec<Part>, PartError>) -> bool {
        match parts {
            Ok(parts) => parts.into_iter().all(|part| receiver.send(Ok(part)).is_ok()),
            Err(error) => receiver.send(Err(error)).is_ok(),
        }
    }

    /// None once the end was reached or failed.
    #[derive(Default)]
    pub struct PartSink(Mutex<Option<Open>>);

    impl PartSink {
        pub fn lock(&self) -> MutexGuard<'_, Option<Open>> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }

        fn write(&self, bytes: &[u8]) -> Result<(), gst::FlowError> {
            let mut state = self.lock();
            let open = state.as_mut().ok_or(gst::FlowError::Eos)?;
            let written = open.writer.write(bytes);
            let failed = written.is_err();
            if send(&open.parts, written) && !failed {
                return Ok(());
            }
            *state = None;
            Err(gst::FlowError::Error)
        }

        fn finish(&self) {
            if let Some(Open { writer, parts }) = self.lock().take() {
                send(&parts, writer.finish());
            }
        }
    }

    #[glib::object_subclass]
    impl ObjectSubclass for PartSink {
        const NAME: &'static str = "MixdownPartSink";
        type Type = super::PartSink;
        type ParentType = gst_base::BaseSink;
    }

    impl ObjectImpl for PartSink {}
    impl GstObjectImpl for PartSink {}

    impl ElementImpl for PartSink {
        fn pad_templates() -> &'static [gst::PadTemplate] {
            static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
                let any = gst::Caps::new_any();
                gst::PadTemplate::new("sink", gst::PadDirection::Sink, gst::PadPresence::Always, &any)
                    .into_iter()
                    .collect()
            });
            &TEMPLATES
        }
    }

    impl BaseSinkImpl for PartSink {
        fn query(&self, query: &mut gst::QueryRef) -> bool {
            if let gst::QueryViewMut::Seeking(seeking) = query.view_mut()
                && seeking.format() == gst::Format::Bytes
            {
                seeking.set(true, gst::format::Bytes::ZERO, gst::format::Bytes::from_u64(u64::MAX - 1));
                return true;
            }
            BaseSinkImplExt::parent_query(self, query)
        }

        fn event(&self, event: gst::Event) -> bool {
            match event.view() {
                gst::EventView::Segment(segment) => {
                    let bytes = segment.segment().downcast_ref::<gst::format::Bytes>();
                    if let (Some(start), Some(open)) =
                        (bytes.and_then(gst::FormattedSegment::start), self.lock().as_mut())
                    {
                        open.writer.seek(*start);
                    }
                }
                gst::EventView::Eos(_) => self.finish(),
                _ => {}
            }
            self.parent_event(event)
        }

        fn render(&self, buffer: &gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
            let bytes = buffer.map_readable().map_err(|_| gst::FlowError::Error)?;
            self.write(&bytes).map(|()| gst::FlowSuccess::Ok)
        }
    }
}
