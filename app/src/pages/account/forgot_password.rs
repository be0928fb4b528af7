use super::{Entrance, api::ForgotPassword};
use crate::{
    components::{Field, FormNotice},
    note::{Form, Note},
    paths,
};
use leptos::{prelude::*, server_fn::ServerFn};

/// Where somebody asks for a new password.
#[component]
pub fn ForgotPasswordPage() -> impl IntoView {
    let email = Note::entered_or(Form::ForgotPassword, String::new());
    view! {
        <Entrance title="Forgot the password?">
            <p class="muted">"Type the address you sign in with. A link to choose a new password is sent there."</p>
            <form class="form" method="post" action=ForgotPassword::url()>
                <Field id="email" name="email" label="E-mail" kind="email" value=email autocomplete="username" max_length=254/>
                <FormNotice
                    form=Form::ForgotPassword
                    done="If there is an account with this address, a link is on its way. It works for an hour."
                />
                <button type="submit" class="button button-primary button-wide">"Send the link"</button>
            </form>
            <p><a href=paths::SIGN_IN>"To sign in"</a></p>
        </Entrance>
    }
}
