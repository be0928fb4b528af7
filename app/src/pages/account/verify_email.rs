use super::{
    Entrance,
    api::{VerifyEmail, check_verification_link},
};
use crate::{
    components::{FormNotice, Notice, Tone},
    load::load,
    note::Form,
    paths,
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;

/// Where the link leads that confirms an address. Only the button confirms, because mail programs look at links too.
#[component]
pub fn VerifyEmailPage() -> impl IntoView {
    let token = use_query_map().read_untracked().get("token").unwrap_or_default();
    view! {
        <Entrance title="Confirm your address">
            <Suspense>
                {Suspend::new(async move {
                    match load(check_verification_link(token.clone())).await {
                        Ok(true) => Either::Left(view! {
                            <form class="form" method="post" action=VerifyEmail::url()>
                                <input type="hidden" name="token" value=token/>
                                <FormNotice form=Form::VerifyEmail/>
                                <button type="submit" class="button button-primary button-wide">"Confirm the address"</button>
                            </form>
                        }),
                        found => {
                            let reason = if found.is_ok() {
                                "This link was used or has expired."
                            } else {
                                "The link could not be checked. Try again in a moment."
                            };
                            Either::Right(view! {
                                <Notice tone=Tone::Neutral>{reason}</Notice>
                                <p>"Another one can be sent from Account → Team."</p>
                                <p><a class="button" href=paths::TEAM>"To the account"</a></p>
                            })
                        }
                    }
                })}
            </Suspense>
        </Entrance>
    }
}
